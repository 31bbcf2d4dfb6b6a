<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AlternativesPopup</name>
    <message>
        <source>Alternatives</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Alternatives, the most probable first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>before</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>after</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Left: the probability that the model gives. Right: after the sampling options and the rules; a dash where they drop it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Before and after sampling and rules.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Enter: put it here and go on · Shift+Enter: keep the rest · Esc: leave</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number}: {text}, {before} before, {after} after sampling and rules</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>AnswersList</name>
    <message>
        <source>It ends here because it may be no longer.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Answers</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Answer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Score</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Probability of a token, on average over the answer.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What the search ranks answers by; higher is better.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put into the te&amp;xt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put this answer into the lyric.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use as &amp;next line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put this answer below the lines above, to be answered in its turn.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy this answer.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Autosave</name>
    <message>
        <source>The text is in this window only: save it elsewhere, or copy it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text of {time} is in {file}; what came later is in this window only.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Bars</name>
    <message>
        <source>Model: {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Use a take</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>L&amp;anguage</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A&amp;ppearance</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>As the system</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tools</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model in use; press to see it and to choose another</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Desk</name>
    <message>
        <source>The model is still being opened.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a model that writes lyrics.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Dialogs</name>
    <message>
        <source>Lyrics and texts (*{suffix} *.txt);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Models (*.onnx model.json);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lyrics with takes, rules and recipes (*{suffix});;Plain text (*.txt)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>PDF (*.pdf);;Picture (*.png)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export a sheet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the text?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text is not saved in a file. Save it first?</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What they do</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lyrics {version}

Writes lyrics with recurrent models on this machine alone: nothing is sent anywhere.

MIT licence. Python {python}, Qt {qt}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>About</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>&amp;History</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing here yet. Every text that is generated is kept here.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Bring back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put this text into the editor; it can be undone</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy reci&amp;pe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy what writes this text again: model, rules, options and seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Texts generated, the newest first</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Inspector</name>
    <message>
        <source>In the place of “{text}”, after the rules</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In the place of “{text}”, after sampling</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Keeper</name>
    <message>
        <source>The text of the last time is here again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{n} more come when the program is started again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text is kept in {file}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The sheet is in {file}.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>expected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>surprising</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The deeper the tint, the less the model expected the character that stands there.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Legend of the tints</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LineGutter</name>
    <message>
        <source>Marks of the lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Line {line} is locked: it stays as it is. Click to free it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lock line {line}: it then stays as it is.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write line {line} anew and keep its neighbours.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} of the {wanted} wanted.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rhyme {letter}: lines with the same letter rhyme.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LyricEditor</name>
    <message>
        <source>Lyric</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the first words here, or let the model begin.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model gave this {percent} %.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>No font with Chinese characters was found. Install one, for example: {example}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A defect of the program: {error}. Your text is kept; what is not saved is there again.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The recipe is on the clipboard.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Nothing was generated yet, so there is no recipe.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Opening {path} …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model in use stays.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{n:,.0f} tokens a second</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{name}[*] – Lyrics</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>Message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ModelPanel</name>
    <message>
        <source>{model} (missing)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Forget those that are missing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Opening {model} …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Models that come with the program</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a bundle folder or an .onnx file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Recent</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Models opened before</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A model is being opened</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model in use</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Facts about the model in use</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>What went wrong</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dismiss this message</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PreviewBox</name>
    <message>
        <source>What it would write</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write a few words anew whenever a control moves</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preview</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A few words appear here when a control moves</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>RulePresets</name>
    <message>
        <source>Eight lines of seven, AABA</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Four lines of five, every second one rhymes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acrostic of the four seasons</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Long and short, two stanzas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Classical quatrain 七绝</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Four lines in couplets, AABB</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ballad, 8 and 6 syllables, ABCB</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Limerick, AABBA</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acrostic of LOVE</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>RulesPanel</name>
    <message>
        <source>Line {number}: {message}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text keeps this</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The text breaks this:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Keep rules</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What is written keeps them all, or you are told which cannot be met</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model writes as it likes. Choose a preset, or switch the rules on.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Len&amp;gth of a line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rh&amp;yme scheme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rhymes are</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Acrostic</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Where it stands</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rhymes with</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Words that must be in it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Words that must not</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Words at a place</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stanzas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Count</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Punctuation</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The last two syllables rhyme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A rhyme word may come twice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A line may come twice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Begin with</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shape</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>More rules</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take from the text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lines, lengths and rhymes of the text in the editor become the template</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>strict</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>strict or near</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>at the start</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>at the end</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>diagonally</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>at place {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>as the model does</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>characters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>syllables</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>at the ends of lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>anywhere</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>none</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ready to use</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Regulated verse</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tunes of ci</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A template of my own</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rules of my own</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SamplingPanel</name>
    <message>
        <source>How boldly to choose words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Top-k</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Min-p</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Repetition penalty</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No repeats of length</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Length</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>greedy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>off</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>On the command line: {flag}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Precise</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keeps to what is most likely: sound, and seldom surprising</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close to how the model learnt to write, without its worst slips</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Wild</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Unlikely words get their chance: surprising, and often wrong</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Own</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>As you set it below</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SeedRow</name>
    <message>
        <source>Seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The number that all chance comes from</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw another seed for the next text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep the seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write every text with this seed</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SidePanel</name>
    <message>
        <source>Rules</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sampling</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>History</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TakeCard</name>
    <message>
        <source>Take {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Text of take {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use this one</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use take {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put this take into the text ({keys}).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>writing …</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TakesView</name>
    <message>
        <source>&amp;Takes:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Number of takes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How many texts to write side by side.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Write them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write so many texts at once; those below make way for them.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write no more; what stands stays.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Back to the text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Leave the text as it is; the takes stay here.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Several texts stand here side by side, and you choose the one to go on with.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TakesWriter</name>
    <message>
        <source>All lines are locked: nothing is left to write anew.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{n} of the takes led nowhere.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>mean log-probability {value:.2f}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the likeliest</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TemplateEditor</name>
    <message>
        <source>Edit it cell by cell</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The template: one line a lyric line, one sign a cell</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Template</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shape of the lyric, line by line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>anything may stand here</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the same, or nothing at all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a level tone, an oblique one</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>either tone</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a word that begins with s, that ends with t</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>rhymes with the other lines {A}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the sign itself, as it is sung</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>what follows is a note for yourself</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>breaks a rule: point at it to see which</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>and %n more lines</source>
        <translation type="unfinished">
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Line {number}: {message}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>TranslatePage</name>
    <message>
        <source>The open model does not answer lines.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model does not know: {tokens}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A line has {count} tokens; the longest that the model learnt from had {longest}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Answer this line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Answer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the best answers to each line.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Translate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Translate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the best translations of each line.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>One or more lines; each gets answers of its own.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write a line here.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>S&amp;earch width:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Best:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>At &amp;most:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>As &amp;long as the line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search width</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Number of answers to each line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Longest answer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source> tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write no more; what stands stays.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Writer</name>
    <message>
        <source>All lines of the rules stand there. Regenerate writes those anew that are not locked.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All lines are locked: nothing is left to write anew.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The line is empty: there is nothing to write anew.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The line is locked. Unlock it to write it anew.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>WritingPage</name>
    <message>
        <source>Title</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Title of the text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write a beginning, or nothing at all, and press Generate (Ctrl+Enter).</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>_Generations</name>
    <message>
        <source>{text}, {made}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>(empty)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>seed {seed}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{time} · seed {seed}</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>actions</name>
    <message>
        <source>&amp;New</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Begin an empty text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Open…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a project, or a plain text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the text with its takes, rules and recipes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save &amp;as…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save under another name, as a project or as plain text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Export sheet…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the text as a sheet to print or to post: PDF or PNG</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy &amp;text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy the whole text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy &amp;recipe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy what writes the last text again: model, rules, options and seed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open &amp;model…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open a bundle or an .onnx file that `toolkit export` wrote</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close the window; the text will be there again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take back the last change; a generated text is one change</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Make the change again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cu&amp;t</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cut the selection</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy the selection</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Insert plain text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Select &amp;all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Select the whole text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Generate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write on from what stands there, by the rules if they are on</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop writing; what is written stays</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Regenerate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the last text another way; locked lines stay</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Takes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write several texts side by side, and choose one</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Alternatives</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What else could stand at the cursor; Alt and the arrows walk on</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Lock line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep the line of the cursor when the others are written anew</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Re&amp;roll line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Write the line of the cursor anew; its neighbours and its rhyme stay</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ans&amp;wer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Answer or translate the lines that stand there</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Colour by &amp;probability</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show how likely each character was for the model</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Colour by r&amp;hyme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show which line ends rhyme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Side panel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show rules, sampling, model and history beside the text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Larger text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the text larger</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>S&amp;maller text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the text smaller</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Usual size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the text in its usual size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Keyboard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All keys, and what they do</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;About</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Version, licence and what runs here</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Use take {n}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put take {n} into the text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Write</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>core</name>
    <message>
        <source>, </source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>; </source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>LINE:CELL=TEXT, counted from 1, like {example}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a blank</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>characters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>expected a capital letter in braces, like {example}, found {word}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>expected a word with a known sound, found {word}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>expected {range} lines, found {got}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>from {first} to {last}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>is given with {count}, {wanted} expected.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>is given, and breaks this rule.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>is given, and ends in {word} as line {number}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>is given, and the same as line {number}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>letter {letter}: no rhyme has {kinds}words that fit the ends of lines {lines}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>letters like {example}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>lines expected, none found</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>marks at the end only expected, {marks} found: {line}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>must be {range}, found {word}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>neither</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no line has room for {word}, as the other rules are.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no line has the letter {letter}: the scheme is {scheme}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no line was found that keeps it together with the other rules, and the search has come to its bound. Raise --max-tries or --num-candidates, or ask for less.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no mark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no marks expected, {marks} found: {line}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no rhyme known</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no token fits cell {cell} and what is behind it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no word of the model&apos;s vocabulary begins with {word}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>none</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>nothing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>nothing is left for cell {number} without what is forbidden.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>numbers {range} like {example}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>one word, or LETTER=WORD for some letters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stanzas of {sizes} lines expected, found {stanzas}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>syllables</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the dictionary does not say how many {unit} {word} has</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the vocabulary has no {kinds}words that rhyme with {word} and fit the ends of lines {lines}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>those of {sizes}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>what is no word</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} are no multiple of the {letters} letters of {scheme}, whose blanks part stanzas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} do not make {stanzas} of equal size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} expected, {got} found</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} expected, {got} found: {line}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} need as many lines, and there are {number}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} of equal size expected, found {stanzas}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{first} to {last}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{line} is line {number} too</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number} characters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number} different </source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number} lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number} stanzas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number} syllables</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{number} words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{rule}, line {number}: {message}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{rule}: {message}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{rule}{message}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{wanted} expected at the end, {got} found</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{wanted} expected at {place}, {got} found</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{wanted} expected at {place}, {word} is {tone}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{wanted} expected before {place}, {got} found</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} ({rhyme})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} does not rhyme with {other}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} ends line {number} too</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} expected, and there is no such line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} is in no line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} is in {line}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} is not in the model&apos;s vocabulary: it writes what it has read. Choose another one.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} of {letter} rhymes with {other} of {rival}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} speaks of line {number}, and there are {lines}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} stands alone; a rhyme letter comes last, like {example}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{word} stands in a line that is given.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>facts</name>
    <message>
        <source>a step of any kind (module)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>equal to PyTorch within {atol:g} over {steps} steps (largest error: {errors})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>fingerprint</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>incomplete in the file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>kind</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>language model (lm)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>made from</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>network</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no, for export and inference</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>note</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>parity</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>reads a window of text at once (window)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>real numbers in and out (series)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>runs on</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>source vocabulary</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>speed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>target vocabulary</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>text to text (seq2seq)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the float32 graphs: equal to PyTorch within {atol:g} over {steps} steps (largest error: {errors})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the graphics card (CUDAExecutionProvider)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the processor (CPUExecutionProvider)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>vocabularies</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>vocabulary</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>weights</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>yes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{bytes:,} bytes, SHA-256 {sha256:.16}…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{file} of another program</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{kind}, perplexity {before:.5g} -&gt; {after:.5g} on {text}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{rate:,.0f} tokens a second</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{size:,} {kind} tokens, newline {newline}: {first} …</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{source}, {characters:,} {unit}, SHA-256 {sha256:.16}…</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>models</name>
    <message>
        <source>English songs, by words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Song lyrics of the tenth to thirteenth century, by characters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>modern Chinese songs, by characters</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>options</name>
    <message>
        <source>a character (of words a first letter) for each line</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a classical form; `toolkit lyrics --forms` lists them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a letter a line, X is free, a blank parts stanzas: AABA, &apos;ABAB CDCD&apos;</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a line may come twice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>a rhyme word may come twice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>above 1 makes tokens already used less likely</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>add to the logit of a token, as TOKEN=NUMBER (repeatable)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>below 1 safer, above 1 wilder; 0 is greedy</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>do not end before so many tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>drop tokens below p times the best one&apos;s probability</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>end before this text (repeatable)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>how many lines; 0: as many as the other rules say, else 8</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>how many stanzas of equal size; 0: as the scheme says</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>how many texts to write, as one batch</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>keep only the k most probable tokens; 0 keeps all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>keep the fewest tokens whose probabilities reach p</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>marks that fill no cell: at line ends, inside lines too, or none</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>near rhymes are enough (an and ang, en and eng, i and ü)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>never repeat a sequence of n tokens; 0 allows it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>of a line: 7, 5-9, or one for each line in turn: 7,7,5,5</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>same seed, same text; by default a new one</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>score is log-probability over length to this power: above 0 favours long texts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stop after this many tokens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>taken off the logit of each token already used</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>taken off the logit once for each use so far</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the last two syllables rhyme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the rhyme of A, or of several letters: 光, or &apos;A=光 B=心&apos;</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the text of a template, cell by cell</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>unfinished texts kept at each token; 1 does not search</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>what lines are counted in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>what no line may contain (repeatable)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>what some line must contain (repeatable)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>where: first, last, diagonal, or a number from 1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>words at a place, as LINE:CELL=TEXT (repeatable)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>write exactly as many tokens as the source has</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>rules</name>
    <message>
        <source>acrostic</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>acrostic_at</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>double</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>fixed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>forbid</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>form</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>include</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>length</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>near</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>punctuation</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>repeat_lines</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>repeat_rhymes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>rhyme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>rhyme_with</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stanzas</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>template</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the song</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>the template</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>tones</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>unit</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
