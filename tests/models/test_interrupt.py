import signal
import threading

import pytest

from toolkit.models.interrupt import stop_request

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_becomes_a_request_and_the_handler_is_put_back(number):
    before = [signal.getsignal(n) for n in SIGNALS]
    with stop_request() as stop:
        assert not stop.requested
        signal.raise_signal(number)
        assert stop.requested
    assert [signal.getsignal(n) for n in SIGNALS] == before


def test_ctrl_c_twice_means_now():
    with stop_request() as stop:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert stop.requested


def test_sigterm_twice_still_waits_for_the_minibatch():
    with stop_request() as stop:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert stop.requested


def test_the_handlers_are_put_back_after_an_error():
    before = [signal.getsignal(n) for n in SIGNALS]
    with pytest.raises(RuntimeError), stop_request():
        raise RuntimeError
    assert [signal.getsignal(n) for n in SIGNALS] == before


def test_in_another_thread_signals_are_left_to_the_program():
    before = [signal.getsignal(n) for n in SIGNALS]
    seen = []

    def work():
        with stop_request() as stop:
            seen.append((stop.requested, [signal.getsignal(n) for n in SIGNALS]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
