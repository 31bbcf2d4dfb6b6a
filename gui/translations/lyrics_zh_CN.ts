<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AlternativesPopup</name>
    <message>
        <source>Alternatives</source>
        <translation>候选</translation>
    </message>
    <message>
        <source>Alternatives, the most probable first</source>
        <translation>候选，概率高的在前</translation>
    </message>
    <message>
        <source>before</source>
        <translation>原始</translation>
    </message>
    <message>
        <source>after</source>
        <translation>筛选后</translation>
    </message>
    <message>
        <source>Left: the probability that the model gives. Right: after the sampling options and the rules; a dash where they drop it.</source>
        <translation>左：模型给出的概率。右：经采样设置和规则筛选后的概率；被筛掉的显示短横。</translation>
    </message>
    <message>
        <source>Before and after sampling and rules.</source>
        <translation>采样与规则筛选前后的概率。</translation>
    </message>
    <message>
        <source>Enter: put it here and go on · Shift+Enter: keep the rest · Esc: leave</source>
        <translation>Enter：换上并续写 · Shift+Enter：只换这里 · Esc：关闭</translation>
    </message>
    <message>
        <source>{number}: {text}, {before} before, {after} after sampling and rules</source>
        <translation>{number}：{text}，原始 {before}，筛选后 {after}</translation>
    </message>
</context>
<context>
    <name>AnswersList</name>
    <message>
        <source>It ends here because it may be no longer.</source>
        <translation>已到长度上限，写到这里为止。</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>答句</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>答句</translation>
    </message>
    <message>
        <source>Sure</source>
        <translation>把握</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>得分</translation>
    </message>
    <message>
        <source>Probability of a token, on average over the answer.</source>
        <translation>整句中每个词元的平均概率。</translation>
    </message>
    <message>
        <source>What the search ranks answers by; higher is better.</source>
        <translation>搜索排序所用的得分，越高越好。</translation>
    </message>
    <message>
        <source>Put into the te&amp;xt</source>
        <translation>放入歌词(&amp;X)</translation>
    </message>
    <message>
        <source>Put this answer into the lyric.</source>
        <translation>把这一句放进歌词。</translation>
    </message>
    <message>
        <source>Use as &amp;next line</source>
        <translation>当作下一行(&amp;N)</translation>
    </message>
    <message>
        <source>Put this answer below the lines above, to be answered in its turn.</source>
        <translation>把这一句接到上面的输入之后，继续往下对。</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <source>Copy this answer.</source>
        <translation>复制这一句。</translation>
    </message>
</context>
<context>
    <name>Autosave</name>
    <message>
        <source>The text is in this window only: save it elsewhere, or copy it.</source>
        <translation>歌词只保留在这个窗口里，请另存到别处，或先复制出来。</translation>
    </message>
    <message>
        <source>The text of {time} is in {file}; what came later is in this window only.</source>
        <translation>{time} 的歌词已存于 {file}，之后的改动只在这个窗口里。</translation>
    </message>
</context>
<context>
    <name>Bars</name>
    <message>
        <source>Model: {name}</source>
        <translation>模型：{name}</translation>
    </message>
    <message>
        <source>&amp;Use a take</source>
        <translation>采用一稿(&amp;U)</translation>
    </message>
    <message>
        <source>L&amp;anguage</source>
        <translation>语言(&amp;A)</translation>
    </message>
    <message>
        <source>A&amp;ppearance</source>
        <translation>外观(&amp;P)</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>工具栏</translation>
    </message>
    <message>
        <source>The model in use; press to see it and to choose another</source>
        <translation>当前模型，点按可查看或更换</translation>
    </message>
</context>
<context>
    <name>Desk</name>
    <message>
        <source>The model is still being opened.</source>
        <translation>模型还在打开，请稍候。</translation>
    </message>
    <message>
        <source>Open a model that writes lyrics.</source>
        <translation>请打开一个能写歌词的模型。</translation>
    </message>
    <message>
        <source>All lines are locked: nothing is left to write anew.</source>
        <translation>所有行都锁定了，没有可重写的。</translation>
    </message>
</context>
<context>
    <name>Dialogs</name>
    <message>
        <source>Lyrics and texts (*{suffix} *.txt);;All files (*)</source>
        <translation>歌词与文本 (*{suffix} *.txt);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Models (*.onnx model.json);;All files (*)</source>
        <translation>模型 (*.onnx model.json);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation>打开模型</translation>
    </message>
    <message>
        <source>Lyrics with takes, rules and recipes (*{suffix});;Plain text (*.txt)</source>
        <translation>歌词工程，含备选稿、规则和配方 (*{suffix});;纯文本 (*.txt)</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>PDF (*.pdf);;Picture (*.png)</source>
        <translation>PDF (*.pdf);;图片 (*.png)</translation>
    </message>
    <message>
        <source>Export a sheet</source>
        <translation>导出歌词页</translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation>未命名</translation>
    </message>
    <message>
        <source>Save the text?</source>
        <translation>保存歌词？</translation>
    </message>
    <message>
        <source>There are changes that are in no file. Save them first?</source>
        <translation>有改动还没有存进文件。要先保存吗？</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>What they do</source>
        <translation>作用</translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>Lyrics {version}

Writes lyrics with recurrent models on this machine alone: nothing is sent anywhere.

MIT licence. Python {python}, Qt {qt}.</source>
        <translation>歌词 {version}

用循环神经网络写词，全部在本机完成，不向外发送任何内容。

MIT 许可证。Python {python}，Qt {qt}。</translation>
    </message>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>&amp;History</source>
        <translation>历史(&amp;Y)</translation>
    </message>
    <message>
        <source>Nothing here yet. Every text that is generated is kept here.</source>
        <translation>还没有内容。每次生成的歌词都会留在这里。</translation>
    </message>
    <message>
        <source>&amp;Bring back</source>
        <translation>恢复(&amp;B)</translation>
    </message>
    <message>
        <source>Put this text into the editor; it can be undone</source>
        <translation>把这一稿放回编辑区，可撤销</translation>
    </message>
    <message>
        <source>Copy reci&amp;pe</source>
        <translation>复制配方(&amp;P)</translation>
    </message>
    <message>
        <source>Copy what writes this text again: model, rules, options and seed</source>
        <translation>复制能重写出这一稿的配方：模型、规则、设置和种子</translation>
    </message>
    <message>
        <source>Texts generated, the newest first</source>
        <translation>生成过的歌词，新的在前</translation>
    </message>
</context>
<context>
    <name>Inspector</name>
    <message>
        <source>In the place of “{text}”, after the rules</source>
        <translation>替换“{text}”（经规则筛选）</translation>
    </message>
    <message>
        <source>In the place of “{text}”, after sampling</source>
        <translation>替换“{text}”（经采样筛选）</translation>
    </message>
</context>
<context>
    <name>Keeper</name>
    <message>
        <source>The text of the last time is here again.</source>
        <translation>已恢复上次的歌词。</translation>
    </message>
    <message>
        <source>{n} more come when the program is started again.</source>
        <translation>另有 {n} 份，下次启动时恢复。</translation>
    </message>
    <message>
        <source>{file} was not opened, since the text went on meanwhile. Open it again.</source>
        <translation>{file} 没有打开，因为这期间歌词有了改动。请再打开一次。</translation>
    </message>
    <message>
        <source>{file} was changed by another program. Save again to replace it, or under another name.</source>
        <translation>{file} 被别的程序改过。再保存一次就覆盖它，也可以另存为别的名字。</translation>
    </message>
    <message>
        <source>The text is kept in {file}.</source>
        <translation>歌词已存于 {file}。</translation>
    </message>
    <message>
        <source>The sheet is in {file}.</source>
        <translation>歌词页已导出到 {file}。</translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>expected</source>
        <translation>意料之中</translation>
    </message>
    <message>
        <source>surprising</source>
        <translation>意料之外</translation>
    </message>
    <message>
        <source>The deeper the tint, the less the model expected the character that stands there.</source>
        <translation>颜色越深，模型越没料到这个字。</translation>
    </message>
    <message>
        <source>Legend of the tints</source>
        <translation>着色图例</translation>
    </message>
</context>
<context>
    <name>LineGutter</name>
    <message>
        <source>Marks of the lines</source>
        <translation>行标记</translation>
    </message>
    <message>
        <source>Line {line} is locked: it stays as it is. Click to free it.</source>
        <translation>第 {line} 行已锁定，不会改动。点按解锁。</translation>
    </message>
    <message>
        <source>Lock line {line}: it then stays as it is.</source>
        <translation>锁定第 {line} 行，不再改动。</translation>
    </message>
    <message>
        <source>Write line {line} anew and keep its neighbours.</source>
        <translation>重写第 {line} 行，其他行不变。</translation>
    </message>
    <message>
        <source>{count} of the {wanted} wanted.</source>
        <translation>应为 {wanted}，现有 {count}。</translation>
    </message>
    <message>
        <source>Rhyme {letter}: lines with the same letter rhyme.</source>
        <translation>韵脚 {letter}：字母相同的行互相押韵。</translation>
    </message>
</context>
<context>
    <name>LyricEditor</name>
    <message>
        <source>Lyric</source>
        <translation>歌词</translation>
    </message>
    <message>
        <source>Write a beginning, or nothing at all, and press Generate (Ctrl+Enter).</source>
        <translation>写个开头，或什么都不写，按“生成”（Ctrl+Enter）。</translation>
    </message>
    <message>
        <source>The model gave this {percent} %.</source>
        <translation>模型给它的概率：{percent}%。</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>No font with Chinese characters was found. Install one, for example: {example}</source>
        <translation>没有找到中文字体，请安装一种，例如：{example}</translation>
    </message>
    <message>
        <source>A defect of the program: {error}. Your text is kept; what is not saved is there again.</source>
        <translation>程序出错：{error}。歌词已保留，未保存的内容下次还在。</translation>
    </message>
    <message>
        <source>The model is being opened; then it writes.</source>
        <translation>模型正在打开，打开后就开始写。</translation>
    </message>
    <message>
        <source>{n:,.0f} tokens a second</source>
        <translation>每秒 {n:,.0f} 个词元</translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation>未命名</translation>
    </message>
    <message>
        <source>{name}[*] – Lyrics</source>
        <translation>{name}[*] – 歌词</translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>Message</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>关闭消息</translation>
    </message>
</context>
<context>
    <name>ModelInUse</name>
    <message>
        <source>Opening {path} …</source>
        <translation>正在打开 {path}…</translation>
    </message>
    <message>
        <source>The model in use stays.</source>
        <translation>仍使用当前模型。</translation>
    </message>
</context>
<context>
    <name>ModelPanel</name>
    <message>
        <source>{model} (missing)</source>
        <translation>{model}（已不存在）</translation>
    </message>
    <message>
        <source>Forget those that are missing</source>
        <translation>清除已不存在的模型</translation>
    </message>
    <message>
        <source>Opening {model} …</source>
        <translation>正在打开 {model}…</translation>
    </message>
    <message>
        <source>Models that come with the program</source>
        <translation>自带模型</translation>
    </message>
    <message>
        <source>Open…</source>
        <translation>打开…</translation>
    </message>
    <message>
        <source>Open a bundle folder or an .onnx file</source>
        <translation>打开模型文件夹或 .onnx 文件</translation>
    </message>
    <message>
        <source>Recent</source>
        <translation>最近</translation>
    </message>
    <message>
        <source>Models opened before</source>
        <translation>打开过的模型</translation>
    </message>
    <message>
        <source>A model is being opened</source>
        <translation>正在打开模型</translation>
    </message>
    <message>
        <source>Model in use</source>
        <translation>当前模型</translation>
    </message>
    <message>
        <source>Facts about the model in use</source>
        <translation>当前模型的信息</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>What went wrong</source>
        <translation>出错信息</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Dismiss this message</source>
        <translation>关闭消息</translation>
    </message>
</context>
<context>
    <name>PreviewBox</name>
    <message>
        <source>What it would write</source>
        <translation>试写</translation>
    </message>
    <message>
        <source>Write a few words anew whenever a control moves</source>
        <translation>每次调整后重新试写几个字</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>试写</translation>
    </message>
    <message>
        <source>A few words appear here when a control moves</source>
        <translation>调整设置后，这里会试写几个字</translation>
    </message>
</context>
<context>
    <name>QAbstractFileIconProvider</name>
    <message>
        <source>Drive</source>
        <translation>驱动器</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
</context>
<context>
    <name>QFileDialog</name>
    <message>
        <source>&amp;Look in:</source>
        <translation>位置(&amp;L)：</translation>
    </message>
    <message>
        <source>Files of &amp;type:</source>
        <translation>文件类型(&amp;T)：</translation>
    </message>
</context>
<context>
    <name>RulePresets</name>
    <message>
        <source>Eight lines of seven, AABA</source>
        <translation>七言八句，AABA</translation>
    </message>
    <message>
        <source>Four lines of five, every second one rhymes</source>
        <translation>五言四句，隔句押韵</translation>
    </message>
    <message>
        <source>Acrostic of the four seasons</source>
        <translation>藏头“春夏秋冬”</translation>
    </message>
    <message>
        <source>Long and short, two stanzas</source>
        <translation>长短句，上下两段</translation>
    </message>
    <message>
        <source>Classical quatrain 七绝</source>
        <translation>七绝</translation>
    </message>
    <message>
        <source>Four lines in couplets, AABB</source>
        <translation>四行两两押韵，AABB</translation>
    </message>
    <message>
        <source>Ballad, 8 and 6 syllables, ABCB</source>
        <translation>歌谣体，八六音节，ABCB</translation>
    </message>
    <message>
        <source>Limerick, AABBA</source>
        <translation>五行打油诗，AABBA</translation>
    </message>
    <message>
        <source>Acrostic of LOVE</source>
        <translation>藏头“LOVE”</translation>
    </message>
</context>
<context>
    <name>RulesPanel</name>
    <message>
        <source>Line {number}: {message}</source>
        <translation>第 {number} 行：{message}</translation>
    </message>
    <message>
        <source>The text keeps this</source>
        <translation>歌词符合这一条</translation>
    </message>
    <message>
        <source>The text breaks this:</source>
        <translation>歌词违反了这一条：</translation>
    </message>
    <message>
        <source>&amp;Keep rules</source>
        <translation>遵守规则(&amp;K)</translation>
    </message>
    <message>
        <source>What is written keeps them all, or you are told which cannot be met</source>
        <translation>写出的歌词全部合规；做不到时会告诉你是哪一条</translation>
    </message>
    <message>
        <source>The model writes as it likes. Choose a preset, or switch the rules on.</source>
        <translation>模型自由发挥。可选一个预设，或打开规则。</translation>
    </message>
    <message>
        <source>&amp;Lines</source>
        <translation>行数(&amp;L)</translation>
    </message>
    <message>
        <source>Len&amp;gth of a line</source>
        <translation>每行字数(&amp;G)</translation>
    </message>
    <message>
        <source>Rh&amp;yme scheme</source>
        <translation>韵式(&amp;M)</translation>
    </message>
    <message>
        <source>Rhymes are</source>
        <translation>押韵</translation>
    </message>
    <message>
        <source>&amp;Acrostic</source>
        <translation>藏头(&amp;T)</translation>
    </message>
    <message>
        <source>Where it stands</source>
        <translation>藏在</translation>
    </message>
    <message>
        <source>Rhymes with</source>
        <translation>押哪个字</translation>
    </message>
    <message>
        <source>Words that must be in it</source>
        <translation>必须出现</translation>
    </message>
    <message>
        <source>Words that must not</source>
        <translation>不得出现</translation>
    </message>
    <message>
        <source>Words at a place</source>
        <translation>定位用字</translation>
    </message>
    <message>
        <source>Stanzas</source>
        <translation>段数</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>计数单位</translation>
    </message>
    <message>
        <source>Punctuation</source>
        <translation>标点</translation>
    </message>
    <message>
        <source>The last two syllables rhyme</source>
        <translation>押双韵（末两字同押）</translation>
    </message>
    <message>
        <source>A rhyme word may come twice</source>
        <translation>韵脚字可重复</translation>
    </message>
    <message>
        <source>A line may come twice</source>
        <translation>整行可重复</translation>
    </message>
    <message>
        <source>&amp;Begin with</source>
        <translation>预设(&amp;B)</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>格律</translation>
    </message>
    <message>
        <source>More rules</source>
        <translation>更多规则</translation>
    </message>
    <message>
        <source>Take from the text</source>
        <translation>取自歌词</translation>
    </message>
    <message>
        <source>Lines, lengths and rhymes of the text in the editor become the template</source>
        <translation>用编辑区歌词的行数、字数和押韵作模板</translation>
    </message>
    <message>
        <source>strict</source>
        <translation>严</translation>
    </message>
    <message>
        <source>strict or near</source>
        <translation>可宽（邻韵）</translation>
    </message>
    <message>
        <source>at the start</source>
        <translation>行首</translation>
    </message>
    <message>
        <source>at the end</source>
        <translation>行尾</translation>
    </message>
    <message>
        <source>diagonally</source>
        <translation>斜向</translation>
    </message>
    <message>
        <source>at place {number}</source>
        <translation>第 {number} 字</translation>
    </message>
    <message>
        <source>as the model does</source>
        <translation>随模型</translation>
    </message>
    <message>
        <source>characters</source>
        <translation>字</translation>
    </message>
    <message>
        <source>words</source>
        <translation>词</translation>
    </message>
    <message>
        <source>syllables</source>
        <translation>音节</translation>
    </message>
    <message>
        <source>at the ends of lines</source>
        <translation>仅行尾</translation>
    </message>
    <message>
        <source>anywhere</source>
        <translation>不限</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Ready to use</source>
        <translation>现成规则</translation>
    </message>
    <message>
        <source>Regulated verse</source>
        <translation>近体诗</translation>
    </message>
    <message>
        <source>Tunes of ci</source>
        <translation>词牌</translation>
    </message>
    <message>
        <source>A template of my own</source>
        <translation>自定模板</translation>
    </message>
    <message>
        <source>Rules of my own</source>
        <translation>自定规则</translation>
    </message>
</context>
<context>
    <name>SamplingPanel</name>
    <message>
        <source>How boldly to choose words</source>
        <translation>用字的大胆程度</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>温度</translation>
    </message>
    <message>
        <source>Top-k</source>
        <translation>Top-k</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>Min-p</source>
        <translation>Min-p</translation>
    </message>
    <message>
        <source>Repetition penalty</source>
        <translation>重复惩罚</translation>
    </message>
    <message>
        <source>No repeats of length</source>
        <translation>禁止重复片段</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>长度</translation>
    </message>
    <message>
        <source>greedy</source>
        <translation>取最可能</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>off</source>
        <translation>关</translation>
    </message>
    <message>
        <source>On the command line: {flag}</source>
        <translation>命令行选项：{flag}</translation>
    </message>
    <message>
        <source>Precise</source>
        <translation>稳妥</translation>
    </message>
    <message>
        <source>Keeps to what is most likely: sound, and seldom surprising</source>
        <translation>只用最可能的字：通顺，少有惊喜</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>均衡</translation>
    </message>
    <message>
        <source>Close to how the model learnt to write, without its worst slips</source>
        <translation>接近模型学到的写法，去掉明显的失误</translation>
    </message>
    <message>
        <source>Wild</source>
        <translation>奔放</translation>
    </message>
    <message>
        <source>Unlikely words get their chance: surprising, and often wrong</source>
        <translation>冷僻的字也有机会：出人意料，也常出错</translation>
    </message>
    <message>
        <source>Own</source>
        <translation>自定</translation>
    </message>
    <message>
        <source>As you set it below</source>
        <translation>按下面的设置</translation>
    </message>
</context>
<context>
    <name>SeedRow</name>
    <message>
        <source>Seed</source>
        <translation>种子</translation>
    </message>
    <message>
        <source>The number that all chance comes from</source>
        <translation>决定所有随机结果的数</translation>
    </message>
    <message>
        <source>Draw a seed</source>
        <translation>换种子</translation>
    </message>
    <message>
        <source>Draw another seed for the next text</source>
        <translation>为下一稿另取一个种子</translation>
    </message>
    <message>
        <source>Keep the seed</source>
        <translation>固定种子</translation>
    </message>
    <message>
        <source>Write every text with this seed</source>
        <translation>每一稿都用这个种子</translation>
    </message>
</context>
<context>
    <name>SidePanel</name>
    <message>
        <source>Rules</source>
        <translation>规则</translation>
    </message>
    <message>
        <source>Sampling</source>
        <translation>采样</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>History</source>
        <translation>历史</translation>
    </message>
</context>
<context>
    <name>TakeCard</name>
    <message>
        <source>Take {number}</source>
        <translation>第 {number} 稿</translation>
    </message>
    <message>
        <source>Text of take {number}</source>
        <translation>第 {number} 稿的歌词</translation>
    </message>
    <message>
        <source>Use this one</source>
        <translation>用这一稿</translation>
    </message>
    <message>
        <source>Use take {number}</source>
        <translation>用第 {number} 稿</translation>
    </message>
    <message>
        <source>Put this take into the text ({keys}).</source>
        <translation>把这一稿放进歌词（{keys}）。</translation>
    </message>
    <message>
        <source>writing …</source>
        <translation>正在写…</translation>
    </message>
</context>
<context>
    <name>TakesView</name>
    <message>
        <source>&amp;Takes:</source>
        <translation>稿数(&amp;T)：</translation>
    </message>
    <message>
        <source>Number of takes</source>
        <translation>稿数</translation>
    </message>
    <message>
        <source>How many texts to write side by side.</source>
        <translation>并排写几稿。</translation>
    </message>
    <message>
        <source>&amp;Write them</source>
        <translation>开写(&amp;K)</translation>
    </message>
    <message>
        <source>Write so many texts at once; those below make way for them.</source>
        <translation>同时写这么多稿，下面的旧稿会被替换。</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
    <message>
        <source>Write no more; what stands stays.</source>
        <translation>停笔，已写的保留。</translation>
    </message>
    <message>
        <source>&amp;Back to the text</source>
        <translation>返回歌词(&amp;B)</translation>
    </message>
    <message>
        <source>Leave the text as it is; the takes stay here.</source>
        <translation>歌词不变，各稿仍留在这里。</translation>
    </message>
    <message>
        <source>Several texts stand here side by side, and you choose the one to go on with.</source>
        <translation>这里并排放着几稿，挑一稿接着写。</translation>
    </message>
</context>
<context>
    <name>TakesWriter</name>
    <message>
        <source>the likeliest for the model</source>
        <translation>模型最看好</translation>
    </message>
    <message>
        <source>{n} of the takes led nowhere.</source>
        <translation>有 {n} 稿没能写成。</translation>
    </message>
</context>
<context>
    <name>TemplateEditor</name>
    <message>
        <source>Edit it cell by cell</source>
        <translation>逐格编辑</translation>
    </message>
    <message>
        <source>The template: one line a lyric line, one sign a cell</source>
        <translation>模板：一行对应一句，一个符号对应一格</translation>
    </message>
    <message>
        <source>Template</source>
        <translation>模板</translation>
    </message>
    <message>
        <source>Shape of the lyric, line by line</source>
        <translation>歌词格律，逐行显示</translation>
    </message>
    <message>
        <source>anything may stand here</source>
        <translation>任意一字</translation>
    </message>
    <message>
        <source>the same, or nothing at all</source>
        <translation>任意一字，也可省去</translation>
    </message>
    <message>
        <source>a level tone, an oblique one</source>
        <translation>平声、仄声</translation>
    </message>
    <message>
        <source>either tone</source>
        <translation>可平可仄</translation>
    </message>
    <message>
        <source>a word that begins with s, that ends with t</source>
        <translation>s 开头的词、t 结尾的词</translation>
    </message>
    <message>
        <source>rhymes with the other lines {A}</source>
        <translation>与其他 {A} 行押韵</translation>
    </message>
    <message>
        <source>the sign itself, as it is sung</source>
        <translation>符号本身，作歌词用</translation>
    </message>
    <message>
        <source>what follows is a note for yourself</source>
        <translation>后面是写给自己的备注</translation>
    </message>
    <message>
        <source>breaks a rule: point at it to see which</source>
        <translation>违反规则，指向它可看原因</translation>
    </message>
    <message numerus="yes">
        <source>and %n more lines</source>
        <translation>
            <numerusform>还有 %n 行</numerusform>
        </translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>还有 {count} 处</translation>
    </message>
    <message>
        <source>Line {number}: {message}</source>
        <translation>第 {number} 行：{message}</translation>
    </message>
</context>
<context>
    <name>TranslatePage</name>
    <message>
        <source>The open model does not answer lines.</source>
        <translation>当前模型不会对句。</translation>
    </message>
    <message>
        <source>The model does not know: {tokens}</source>
        <translation>模型不认识：{tokens}</translation>
    </message>
    <message>
        <source>A line has {count} tokens; the longest that the model learnt from had {longest}.</source>
        <translation>有一行长 {count} 个词元，超过模型学过的最长句（{longest} 个）。</translation>
    </message>
    <message>
        <source>Answer this line</source>
        <translation>对下一句</translation>
    </message>
    <message>
        <source>&amp;Answer</source>
        <translation>对句(&amp;R)</translation>
    </message>
    <message>
        <source>Write the best answers to each line.</source>
        <translation>为每一行写出最好的几个答句。</translation>
    </message>
    <message>
        <source>Translate</source>
        <translation>翻译</translation>
    </message>
    <message>
        <source>&amp;Translate</source>
        <translation>翻译(&amp;R)</translation>
    </message>
    <message>
        <source>Write the best translations of each line.</source>
        <translation>为每一行写出最好的几种译文。</translation>
    </message>
    <message>
        <source>Lines</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>One or more lines; each gets answers of its own.</source>
        <translation>可输入一行或多行，各行分别作答。</translation>
    </message>
    <message>
        <source>Write a line here.</source>
        <translation>在这里写一行。</translation>
    </message>
    <message>
        <source>S&amp;earch width:</source>
        <translation>搜索宽度(&amp;D)：</translation>
    </message>
    <message>
        <source>&amp;Best:</source>
        <translation>取前(&amp;B)：</translation>
    </message>
    <message>
        <source>At &amp;most:</source>
        <translation>最长(&amp;M)：</translation>
    </message>
    <message>
        <source>As &amp;long as the line</source>
        <translation>与原句等长(&amp;L)</translation>
    </message>
    <message>
        <source>Search width</source>
        <translation>搜索宽度</translation>
    </message>
    <message>
        <source>Number of answers to each line</source>
        <translation>每行答句数</translation>
    </message>
    <message>
        <source>Longest answer</source>
        <translation>答句最大长度</translation>
    </message>
    <message>
        <source> tokens</source>
        <translation> 个词元</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
    <message>
        <source>Write no more; what stands stays.</source>
        <translation>停笔，已写的保留。</translation>
    </message>
</context>
<context>
    <name>Workspace</name>
    <message>
        <source>Nothing was generated yet, so there is no recipe.</source>
        <translation>还没有生成过歌词，没有配方可复制。</translation>
    </message>
    <message>
        <source>The recipe is on the clipboard.</source>
        <translation>配方已复制到剪贴板。</translation>
    </message>
</context>
<context>
    <name>Writer</name>
    <message>
        <source>All lines of the rules stand there. Regenerate writes those anew that are not locked.</source>
        <translation>规则要求的行都写好了。“重新生成”会重写未锁定的行。</translation>
    </message>
    <message>
        <source>The line is empty: there is nothing to write anew.</source>
        <translation>这一行是空的，没有可重写的。</translation>
    </message>
    <message>
        <source>The line is locked. Unlock it to write it anew.</source>
        <translation>这一行已锁定，解锁后才能重写。</translation>
    </message>
</context>
<context>
    <name>WritingPage</name>
    <message>
        <source>Title</source>
        <translation>标题</translation>
    </message>
    <message>
        <source>Title of the text</source>
        <translation>歌词标题</translation>
    </message>
</context>
<context>
    <name>_Generations</name>
    <message>
        <source>{text}, {made}</source>
        <translation>{text}，{made}</translation>
    </message>
    <message>
        <source>(empty)</source>
        <translation>（空）</translation>
    </message>
    <message>
        <source>seed {seed}</source>
        <translation>种子 {seed}</translation>
    </message>
    <message>
        <source>{time} · seed {seed}</source>
        <translation>{time} · 种子 {seed}</translation>
    </message>
</context>
<context>
    <name>actions</name>
    <message>
        <source>&amp;New</source>
        <translation>新建(&amp;N)</translation>
    </message>
    <message>
        <source>Begin an empty text</source>
        <translation>新建空白歌词</translation>
    </message>
    <message>
        <source>&amp;Open…</source>
        <translation>打开(&amp;O)…</translation>
    </message>
    <message>
        <source>Open a project, or a plain text</source>
        <translation>打开歌词工程或纯文本</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>保存(&amp;S)</translation>
    </message>
    <message>
        <source>Save the text with its takes, rules and recipes</source>
        <translation>保存歌词，连同备选稿、规则和配方</translation>
    </message>
    <message>
        <source>Save &amp;as…</source>
        <translation>另存为(&amp;A)…</translation>
    </message>
    <message>
        <source>Save under another name, as a project or as plain text</source>
        <translation>换名保存为歌词工程或纯文本</translation>
    </message>
    <message>
        <source>&amp;Export sheet…</source>
        <translation>导出歌词页(&amp;E)…</translation>
    </message>
    <message>
        <source>Write the text as a sheet to print or to post: PDF or PNG</source>
        <translation>导出 PDF 或 PNG，可打印或分享</translation>
    </message>
    <message>
        <source>Copy &amp;text</source>
        <translation>复制歌词(&amp;T)</translation>
    </message>
    <message>
        <source>Copy the whole text</source>
        <translation>复制全部歌词</translation>
    </message>
    <message>
        <source>Copy &amp;recipe</source>
        <translation>复制配方(&amp;R)</translation>
    </message>
    <message>
        <source>Copy what writes the last text again: model, rules, options and seed</source>
        <translation>复制能重写出上一稿的配方：模型、规则、设置和种子</translation>
    </message>
    <message>
        <source>Open &amp;model…</source>
        <translation>打开模型(&amp;M)…</translation>
    </message>
    <message>
        <source>Open a bundle or an .onnx file that `toolkit export` wrote</source>
        <translation>打开 toolkit export 导出的模型文件夹或 .onnx 文件</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>退出(&amp;Q)</translation>
    </message>
    <message>
        <source>Close the window; the text will be there again</source>
        <translation>关闭窗口，歌词下次还在</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>撤销(&amp;U)</translation>
    </message>
    <message>
        <source>Take back the last change; a generated text is one change</source>
        <translation>撤销上一步；一次生成算一步</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>重做(&amp;R)</translation>
    </message>
    <message>
        <source>Make the change again</source>
        <translation>重做撤销的改动</translation>
    </message>
    <message>
        <source>Cu&amp;t</source>
        <translation>剪切(&amp;T)</translation>
    </message>
    <message>
        <source>Cut the selection</source>
        <translation>剪切所选文字</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>复制(&amp;C)</translation>
    </message>
    <message>
        <source>Copy the selection</source>
        <translation>复制所选文字</translation>
    </message>
    <message>
        <source>&amp;Paste</source>
        <translation>粘贴(&amp;P)</translation>
    </message>
    <message>
        <source>Insert plain text</source>
        <translation>粘贴为纯文本</translation>
    </message>
    <message>
        <source>Select &amp;all</source>
        <translation>全选(&amp;A)</translation>
    </message>
    <message>
        <source>Select the whole text</source>
        <translation>选中全部歌词</translation>
    </message>
    <message>
        <source>&amp;Generate</source>
        <translation>生成(&amp;G)</translation>
    </message>
    <message>
        <source>Write on from what stands there, by the rules if they are on</source>
        <translation>从现有文字接着写；规则打开时按规则写</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>停止(&amp;S)</translation>
    </message>
    <message>
        <source>Stop writing; what is written stays</source>
        <translation>停笔，已写的保留</translation>
    </message>
    <message>
        <source>&amp;Regenerate</source>
        <translation>重新生成(&amp;R)</translation>
    </message>
    <message>
        <source>Write the last text another way; locked lines stay</source>
        <translation>换一种写法重写上一稿，锁定的行不变</translation>
    </message>
    <message>
        <source>&amp;Takes</source>
        <translation>多稿(&amp;T)</translation>
    </message>
    <message>
        <source>Write several texts side by side, and choose one</source>
        <translation>并排写几稿，挑一稿</translation>
    </message>
    <message>
        <source>&amp;Alternatives</source>
        <translation>候选(&amp;A)</translation>
    </message>
    <message>
        <source>What else could stand at the cursor; Alt and the arrows walk on</source>
        <translation>光标处还可以用哪些字；Alt 加左右方向键移动</translation>
    </message>
    <message>
        <source>&amp;Lock line</source>
        <translation>锁定这一行(&amp;L)</translation>
    </message>
    <message>
        <source>Keep the line of the cursor when the others are written anew</source>
        <translation>重写其他行时，光标所在行保持不变</translation>
    </message>
    <message>
        <source>Rer&amp;oll line</source>
        <translation>重写这一行(&amp;W)</translation>
    </message>
    <message>
        <source>Write the line of the cursor anew; its neighbours and its rhyme stay</source>
        <translation>重写光标所在行，其他行和韵脚不变</translation>
    </message>
    <message>
        <source>Ans&amp;wers</source>
        <translation>对句页(&amp;D)</translation>
    </message>
    <message>
        <source>Show the page of answers, or the text again</source>
        <translation>显示对句页，或返回歌词</translation>
    </message>
    <message>
        <source>Colour by pro&amp;bability</source>
        <translation>按概率着色(&amp;B)</translation>
    </message>
    <message>
        <source>Show how likely each character was for the model</source>
        <translation>显示每个字在模型看来有多常见</translation>
    </message>
    <message>
        <source>Colour by r&amp;hyme</source>
        <translation>按韵脚着色(&amp;H)</translation>
    </message>
    <message>
        <source>Show which line ends rhyme</source>
        <translation>显示哪些行尾押韵</translation>
    </message>
    <message>
        <source>&amp;Side panel</source>
        <translation>侧栏(&amp;S)</translation>
    </message>
    <message>
        <source>Show rules, sampling, model and history beside the text</source>
        <translation>在歌词旁显示规则、采样、模型和历史</translation>
    </message>
    <message>
        <source>&amp;Larger text</source>
        <translation>放大文字(&amp;L)</translation>
    </message>
    <message>
        <source>Show the text larger</source>
        <translation>放大歌词文字</translation>
    </message>
    <message>
        <source>S&amp;maller text</source>
        <translation>缩小文字(&amp;M)</translation>
    </message>
    <message>
        <source>Show the text smaller</source>
        <translation>缩小歌词文字</translation>
    </message>
    <message>
        <source>&amp;Usual size</source>
        <translation>默认大小(&amp;U)</translation>
    </message>
    <message>
        <source>Show the text in its usual size</source>
        <translation>恢复默认文字大小</translation>
    </message>
    <message>
        <source>&amp;Keyboard</source>
        <translation>快捷键(&amp;K)</translation>
    </message>
    <message>
        <source>All keys, and what they do</source>
        <translation>全部快捷键及其作用</translation>
    </message>
    <message>
        <source>&amp;About</source>
        <translation>关于(&amp;A)</translation>
    </message>
    <message>
        <source>Version, licence and what runs here</source>
        <translation>版本、许可证和运行环境</translation>
    </message>
    <message>
        <source>Use take {n}</source>
        <translation>用第 {n} 稿</translation>
    </message>
    <message>
        <source>Put take {n} into the text</source>
        <translation>把第 {n} 稿放进歌词</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Write</source>
        <translation>写词(&amp;W)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
</context>
<context>
    <name>core</name>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>; </source>
        <translation>；</translation>
    </message>
    <message>
        <source>LINE:CELL=TEXT, counted from 1, like {example}</source>
        <translation>“行:格=字词”，从 1 数起，如 {example}</translation>
    </message>
    <message>
        <source>a blank</source>
        <translation>空格</translation>
    </message>
    <message>
        <source>characters</source>
        <translation>字</translation>
    </message>
    <message>
        <source>expected a capital letter in braces, like {example}, found {word}.</source>
        <translation>花括号里应是一个大写字母，如 {example}，实为 {word}。</translation>
    </message>
    <message>
        <source>expected a word with a known sound, found {word}.</source>
        <translation>应是读音已知的字，实为“{word}”。</translation>
    </message>
    <message>
        <source>expected {range} lines, found {got}.</source>
        <translation>应为 {range} 行，实为 {got}。</translation>
    </message>
    <message>
        <source>is given with {count}, {wanted} expected.</source>
        <translation>已有的这一行为 {count}，应为 {wanted}。</translation>
    </message>
    <message>
        <source>is given, and breaks this rule.</source>
        <translation>已有的这一行不符合这一条。</translation>
    </message>
    <message>
        <source>is given, and ends in {word} as line {number}.</source>
        <translation>已有的这一行与第 {number} 行都以“{word}”作韵脚。</translation>
    </message>
    <message>
        <source>is given, and the same as line {number}.</source>
        <translation>已有的这一行与第 {number} 行相同。</translation>
    </message>
    <message>
        <source>letter {letter}: no rhyme has {kinds}words that fit the ends of lines {lines}.</source>
        <translation>{letter} 韵：没有哪个韵部有{kinds}适合放在第 {lines} 行末的字。</translation>
    </message>
    <message>
        <source>lines expected, none found</source>
        <translation>应有歌词，却一行也没有</translation>
    </message>
    <message>
        <source>marks at the end only expected, {marks} found: {line}</source>
        <translation>标点只能在行尾，却有 {marks}：{line}</translation>
    </message>
    <message>
        <source>must be {range}, found {word}</source>
        <translation>应为{range}，实为“{word}”</translation>
    </message>
    <message>
        <source>neither</source>
        <translation>非平非仄</translation>
    </message>
    <message>
        <source>no line has room for {word}, as the other rules are.</source>
        <translation>按其他规则，没有一行放得下“{word}”。</translation>
    </message>
    <message>
        <source>no line has the letter {letter}: the scheme is {scheme}.</source>
        <translation>韵式 {scheme} 里没有 {letter}。</translation>
    </message>
    <message>
        <source>no line was found that keeps it together with the other rules, and the search has come to its bound. Raise --max-tries or --num-candidates, or ask for less.</source>
        <translation>找不到同时符合这一条和其他规则的句子，请放宽要求再试。</translation>
    </message>
    <message>
        <source>no mark</source>
        <translation>无标点</translation>
    </message>
    <message>
        <source>no marks expected, {marks} found: {line}</source>
        <translation>不应有标点，却有 {marks}：{line}</translation>
    </message>
    <message>
        <source>no rhyme known</source>
        <translation>韵不明</translation>
    </message>
    <message>
        <source>no token fits cell {cell} and what is behind it.</source>
        <translation>第 {cell} 格起没有合适的字可用。</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>空</translation>
    </message>
    <message>
        <source>nothing is left for cell {number} without what is forbidden.</source>
        <translation>除去不得出现的字词，第 {number} 格无字可用。</translation>
    </message>
    <message>
        <source>letters like AABA or &apos;ABAB CDCD&apos;</source>
        <translation>字母，如 AABA 或 ABAB CDCD</translation>
    </message>
    <message>
        <source>numbers from {first} to {last} like 7, 5-9 or 7,7,5,5</source>
        <translation> {first}–{last} 的数，如 7、5-9 或 7,7,5,5</translation>
    </message>
    <message>
        <source>one word, or LETTER=WORD for some letters</source>
        <translation>一个字，或用“字母=字”分别指定</translation>
    </message>
    <message>
        <source>stanzas of {sizes} lines expected, found {stanzas}</source>
        <translation>各段应为 {sizes} 行，实为 {stanzas}</translation>
    </message>
    <message>
        <source>syllables</source>
        <translation>音节</translation>
    </message>
    <message>
        <source>the dictionary does not say how many {unit} {word} has</source>
        <translation>字典里查不到“{word}”有几个{unit}</translation>
    </message>
    <message>
        <source>the vocabulary has no {kinds}words that rhyme with {word} and fit the ends of lines {lines}.</source>
        <translation>词表里没有{kinds}与 {word} 押韵、又适合放在第 {lines} 行末的字。</translation>
    </message>
    <message>
        <source>those of {sizes}</source>
        <translation>{sizes}</translation>
    </message>
    <message>
        <source>what is no word</source>
        <translation>非字词</translation>
    </message>
    <message>
        <source>words</source>
        <translation>词</translation>
    </message>
    <message>
        <source>{count} are no multiple of the {letters} letters of {scheme}, whose blanks part stanzas</source>
        <translation>{count}不是韵式“{scheme}”字母数 {letters} 的整数倍，无法分段</translation>
    </message>
    <message>
        <source>{count} do not make {stanzas} of equal size</source>
        <translation>{count}分不成等长的 {stanzas}</translation>
    </message>
    <message>
        <source>{count} expected, {got} found</source>
        <translation>应为 {count}，实为 {got}</translation>
    </message>
    <message>
        <source>{count} expected, {got} found: {line}</source>
        <translation>应为 {count}，实为 {got}：{line}</translation>
    </message>
    <message>
        <source>{count} need as many lines, and there are {number}.</source>
        <translation>{count}需要同样多的行，现在只有 {number} 行。</translation>
    </message>
    <message>
        <source>{count} of equal size expected, found {stanzas}</source>
        <translation>应为等长的 {count}，实为 {stanzas}</translation>
    </message>
    <message>
        <source>{first} to {last}</source>
        <translation>{first}–{last}</translation>
    </message>
    <message>
        <source>{line} is line {number} too</source>
        <translation>与第 {number} 行相同：{line}</translation>
    </message>
    <message>
        <source>{number} characters</source>
        <translation>{number} 字</translation>
    </message>
    <message>
        <source>{number} different </source>
        <translation> {number} 个不同的、</translation>
    </message>
    <message>
        <source>{number} lines</source>
        <translation>{number} 行</translation>
    </message>
    <message>
        <source>{number} stanzas</source>
        <translation>{number} 段</translation>
    </message>
    <message>
        <source>{number} syllables</source>
        <translation>{number} 个音节</translation>
    </message>
    <message>
        <source>{number} words</source>
        <translation>{number} 个词</translation>
    </message>
    <message>
        <source>{rule}, line {number}: {message}</source>
        <translation>{rule}，第 {number} 行：{message}</translation>
    </message>
    <message>
        <source>{rule}: {message}</source>
        <translation>{rule}：{message}</translation>
    </message>
    <message>
        <source>{rule}{message}</source>
        <translation>{rule}{message}</translation>
    </message>
    <message>
        <source>{wanted} expected at the end, {got} found</source>
        <translation>末尾应为 {wanted}，实为 {got}</translation>
    </message>
    <message>
        <source>{wanted} expected at {place}, {got} found</source>
        <translation>第 {place} 格应为 {wanted}，实为 {got}</translation>
    </message>
    <message>
        <source>{wanted} expected at {place}, {word} is {tone}</source>
        <translation>第 {place} 字应为{wanted}声，“{word}”是{tone}声</translation>
    </message>
    <message>
        <source>{wanted} expected before {place}, {got} found</source>
        <translation>第 {place} 格之前应为 {wanted}，实为 {got}</translation>
    </message>
    <message>
        <source>{word} ({rhyme})</source>
        <translation>{word}（{rhyme}）</translation>
    </message>
    <message>
        <source>{word} does not rhyme with {other}</source>
        <translation>{word} 与 {other} 不押韵</translation>
    </message>
    <message>
        <source>{word} ends line {number} too</source>
        <translation>“{word}”与第 {number} 行韵脚重复</translation>
    </message>
    <message>
        <source>{word} expected, and there is no such line</source>
        <translation>应为“{word}”，但没有这一行</translation>
    </message>
    <message>
        <source>{word} is in no line</source>
        <translation>没有一行含有“{word}”</translation>
    </message>
    <message>
        <source>{word} is in {line}</source>
        <translation>“{word}”出现在“{line}”</translation>
    </message>
    <message>
        <source>{word} is not in the model&apos;s vocabulary: it writes what it has read. Choose another one.</source>
        <translation>模型的词表里没有“{word}”，请换一个。</translation>
    </message>
    <message>
        <source>{word} of {letter} rhymes with {other} of {rival}</source>
        <translation>{letter} 韵的 {word} 与 {rival} 韵的 {other} 相押，应不同韵</translation>
    </message>
    <message>
        <source>{word} speaks of line {number}, and there are {lines}.</source>
        <translation>“{word}”指第 {number} 行，但一共只有 {lines} 行。</translation>
    </message>
    <message>
        <source>{word} stands alone; a rhyme letter comes last, like {example}.</source>
        <translation>{word} 单独出现；韵脚字母放在行末，如 {example}。</translation>
    </message>
    <message>
        <source>{word} stands in a line that is given.</source>
        <translation>已有的行里含有“{word}”。</translation>
    </message>
</context>
<context>
    <name>facts</name>
    <message>
        <source>, </source>
        <translation>，</translation>
    </message>
    <message>
        <source>a step of any kind (module)</source>
        <translation>任意单步模型（module）</translation>
    </message>
    <message>
        <source>attention</source>
        <translation>注意力</translation>
    </message>
    <message>
        <source>bidirectional</source>
        <translation>双向</translation>
    </message>
    <message>
        <source>cell</source>
        <translation>单元</translation>
    </message>
    <message>
        <source>embedding size</source>
        <translation>嵌入</translation>
    </message>
    <message>
        <source>encoder hidden size</source>
        <translation>编码器隐藏层</translation>
    </message>
    <message>
        <source>encoder layers</source>
        <translation>编码器层数</translation>
    </message>
    <message>
        <source>equal to PyTorch within {atol:g} over {steps} steps (largest error: {errors})</source>
        <translation>{steps} 步内与 PyTorch 相差不超过 {atol:g}（最大误差：{errors}）</translation>
    </message>
    <message>
        <source>file</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>fingerprint</source>
        <translation>指纹</translation>
    </message>
    <message>
        <source>hidden size</source>
        <translation>隐藏层</translation>
    </message>
    <message>
        <source>incomplete in the file</source>
        <translation>文件中不完整</translation>
    </message>
    <message>
        <source>kind</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>language model (lm)</source>
        <translation>语言模型（lm）</translation>
    </message>
    <message>
        <source>layers</source>
        <translation>层数</translation>
    </message>
    <message>
        <source>made from</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>module</source>
        <translation>模块</translation>
    </message>
    <message>
        <source>network</source>
        <translation>网络</translation>
    </message>
    <message>
        <source>no, for export and inference</source>
        <translation>否，仅供导出和推理</translation>
    </message>
    <message>
        <source>note</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>parameters</source>
        <translation>参数</translation>
    </message>
    <message>
        <source>parity</source>
        <translation>一致性</translation>
    </message>
    <message>
        <source>reads a window of text at once (window)</source>
        <translation>一次读一段文字（window）</translation>
    </message>
    <message>
        <source>real numbers in and out (series)</source>
        <translation>数值序列（series）</translation>
    </message>
    <message>
        <source>runs on</source>
        <translation>运行于</translation>
    </message>
    <message>
        <source>source vocabulary</source>
        <translation>源词表</translation>
    </message>
    <message>
        <source>speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>target vocabulary</source>
        <translation>目标词表</translation>
    </message>
    <message>
        <source>text to text (seq2seq)</source>
        <translation>文本到文本（seq2seq）</translation>
    </message>
    <message>
        <source>the float32 graphs: equal to PyTorch within {atol:g} over {steps} steps (largest error: {errors})</source>
        <translation>float32 图：{steps} 步内与 PyTorch 相差不超过 {atol:g}（最大误差：{errors}）</translation>
    </message>
    <message>
        <source>the graphics card (CUDAExecutionProvider)</source>
        <translation>显卡（CUDAExecutionProvider）</translation>
    </message>
    <message>
        <source>the processor (CPUExecutionProvider)</source>
        <translation>处理器（CPUExecutionProvider）</translation>
    </message>
    <message>
        <source>tie weights</source>
        <translation>权重共享</translation>
    </message>
    <message>
        <source>vocabularies</source>
        <translation>词表</translation>
    </message>
    <message>
        <source>vocabulary</source>
        <translation>词表</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>是</translation>
    </message>
    <message>
        <source>{bytes:,} bytes, SHA-256 {sha256:.16}…</source>
        <translation>{bytes:,} 字节，SHA-256 {sha256:.16}…</translation>
    </message>
    <message>
        <source>{file} of another program</source>
        <translation>其他程序的 {file}</translation>
    </message>
    <message>
        <source>{kind}, perplexity {before:.5g} -&gt; {after:.5g} on {text}</source>
        <translation>{kind}，困惑度 {before:.5g} → {after:.5g}（{text}）</translation>
    </message>
    <message>
        <source>{rate:,.0f} tokens a second</source>
        <translation>每秒 {rate:,.0f} 个词元</translation>
    </message>
    <message>
        <source>{size:,} {kind} tokens, newline {newline}: {first} …</source>
        <translation>{size:,} 个词元（{kind}），换行符 {newline}：{first} …</translation>
    </message>
    <message>
        <source>{source}, {characters:,} {unit}, SHA-256 {sha256:.16}…</source>
        <translation>{source}，{characters:,} {unit}，SHA-256 {sha256:.16}…</translation>
    </message>
</context>
<context>
    <name>models</name>
    <message>
        <source>English songs, by words</source>
        <translation>英文歌词，按词写</translation>
    </message>
    <message>
        <source>Song lyrics of the tenth to thirteenth century, by characters</source>
        <translation>宋词，逐字写</translation>
    </message>
    <message>
        <source>modern Chinese songs, by characters</source>
        <translation>现代中文歌词，逐字写</translation>
    </message>
</context>
<context>
    <name>options</name>
    <message>
        <source>a character (of words a first letter) for each line</source>
        <translation>每行一个字，连起来就是藏头（英文为词首字母）</translation>
    </message>
    <message>
        <source>a classical form; `toolkit lyrics --forms` lists them</source>
        <translation>诗体或词牌</translation>
    </message>
    <message>
        <source>a letter a line, X is free, a blank parts stanzas: AABA, &apos;ABAB CDCD&apos;</source>
        <translation>每行一个字母，同字母押韵，X 不押，空格分段：AABA、ABAB CDCD</translation>
    </message>
    <message>
        <source>a line may come twice</source>
        <translation>允许整行重复</translation>
    </message>
    <message>
        <source>a rhyme word may come twice</source>
        <translation>允许韵脚字重复</translation>
    </message>
    <message>
        <source>above 1 makes tokens already used less likely</source>
        <translation>大于 1 时，用过的字更少再用</translation>
    </message>
    <message>
        <source>add to the logit of a token, as TOKEN=NUMBER (repeatable)</source>
        <translation>给某个词元的 logit 加上一个数，写作 TOKEN=NUMBER</translation>
    </message>
    <message>
        <source>below 1 safer, above 1 wilder; 0 is greedy</source>
        <translation>小于 1 更稳，大于 1 更放；0 总取最可能的字</translation>
    </message>
    <message>
        <source>do not end before so many tokens</source>
        <translation>至少写这么多词元</translation>
    </message>
    <message>
        <source>drop tokens below p times the best one&apos;s probability</source>
        <translation>概率低于最可能者 p 倍的不用</translation>
    </message>
    <message>
        <source>end before this text (repeatable)</source>
        <translation>写到这段文字之前为止</translation>
    </message>
    <message>
        <source>how many lines; 0: as many as the other rules say, else 8</source>
        <translation>行数；留空则由其他规则决定，都没有时为 8 行</translation>
    </message>
    <message>
        <source>how many stanzas of equal size; 0: as the scheme says</source>
        <translation>等长的段数；留空则按韵式分段</translation>
    </message>
    <message>
        <source>how many texts to write, as one batch</source>
        <translation>一次同时写几稿</translation>
    </message>
    <message>
        <source>keep only the k most probable tokens; 0 keeps all</source>
        <translation>只在最可能的 k 个里选；0 为全部</translation>
    </message>
    <message>
        <source>keep the fewest tokens whose probabilities reach p</source>
        <translation>只在累计概率达到 p 的最少几个里选</translation>
    </message>
    <message>
        <source>marks that fill no cell: at line ends, inside lines too, or none</source>
        <translation>不占格的标点：仅行尾、行内也可，或不用</translation>
    </message>
    <message>
        <source>near rhymes are enough (an and ang, en and eng, i and ü)</source>
        <translation>邻韵也算押韵（an 与 ang、en 与 eng、i 与 ü）</translation>
    </message>
    <message>
        <source>never repeat a sequence of n tokens; 0 allows it</source>
        <translation>连续 n 个词元不重复出现；0 为不限</translation>
    </message>
    <message>
        <source>of a line: 7, 5-9, or one for each line in turn: 7,7,5,5</source>
        <translation>每行字数：7、5-9，或逐行列出：7,7,5,5</translation>
    </message>
    <message>
        <source>same seed, same text; by default a new one</source>
        <translation>种子相同，歌词相同；默认每次换新</translation>
    </message>
    <message>
        <source>score is log-probability over length to this power: above 0 favours long texts</source>
        <translation>得分为对数概率除以长度的此次方：大于 0 偏向长句</translation>
    </message>
    <message>
        <source>stop after this many tokens</source>
        <translation>最多写这么多词元</translation>
    </message>
    <message>
        <source>taken off the logit of each token already used</source>
        <translation>用过的词元，logit 减去此数</translation>
    </message>
    <message>
        <source>taken off the logit once for each use so far</source>
        <translation>词元每用过一次，logit 减去此数</translation>
    </message>
    <message>
        <source>the last two syllables rhyme</source>
        <translation>最后两个字都押韵</translation>
    </message>
    <message>
        <source>the rhyme of A, or of several letters: 光, or &apos;A=光 B=心&apos;</source>
        <translation>A 韵押哪个字，或分别指定：光，或 A=光 B=心</translation>
    </message>
    <message>
        <source>the text of a template, cell by cell</source>
        <translation>逐格写出的模板</translation>
    </message>
    <message>
        <source>unfinished texts kept at each token; 1 does not search</source>
        <translation>每一步保留的候选条数；1 为不搜索</translation>
    </message>
    <message>
        <source>what lines are counted in</source>
        <translation>每行长度按什么计数</translation>
    </message>
    <message>
        <source>what no line may contain (repeatable)</source>
        <translation>任何一行都不得含有的字词，用逗号分隔</translation>
    </message>
    <message>
        <source>what some line must contain (repeatable)</source>
        <translation>某一行里必须有的字词，用逗号分隔</translation>
    </message>
    <message>
        <source>where: first, last, diagonal, or a number from 1</source>
        <translation>藏在行首、行尾、斜向或第几字</translation>
    </message>
    <message>
        <source>words at a place, as LINE:CELL=TEXT (repeatable)</source>
        <translation>指定位置的字词，写作 行:格=字词，如 3:2=月亮</translation>
    </message>
    <message>
        <source>write exactly as many tokens as the source has</source>
        <translation>与原句词元数相同</translation>
    </message>
</context>
<context>
    <name>rules</name>
    <message>
        <source>acrostic</source>
        <translation>藏头</translation>
    </message>
    <message>
        <source>acrostic_at</source>
        <translation>藏头位置</translation>
    </message>
    <message>
        <source>double</source>
        <translation>双韵</translation>
    </message>
    <message>
        <source>fixed</source>
        <translation>定位用字</translation>
    </message>
    <message>
        <source>forbid</source>
        <translation>不得出现</translation>
    </message>
    <message>
        <source>form</source>
        <translation>词牌/诗体</translation>
    </message>
    <message>
        <source>include</source>
        <translation>必须出现</translation>
    </message>
    <message>
        <source>length</source>
        <translation>每行字数</translation>
    </message>
    <message>
        <source>lines</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>near</source>
        <translation>宽韵</translation>
    </message>
    <message>
        <source>punctuation</source>
        <translation>标点</translation>
    </message>
    <message>
        <source>repeat_lines</source>
        <translation>整行重复</translation>
    </message>
    <message>
        <source>repeat_rhymes</source>
        <translation>韵脚重复</translation>
    </message>
    <message>
        <source>rhyme</source>
        <translation>押韵</translation>
    </message>
    <message>
        <source>rhyme_with</source>
        <translation>押哪个字</translation>
    </message>
    <message>
        <source>stanzas</source>
        <translation>段数</translation>
    </message>
    <message>
        <source>template</source>
        <translation>模板</translation>
    </message>
    <message>
        <source>the song</source>
        <translation>歌词</translation>
    </message>
    <message>
        <source>the template</source>
        <translation>模板</translation>
    </message>
    <message>
        <source>tones</source>
        <translation>平仄</translation>
    </message>
    <message>
        <source>unit</source>
        <translation>计数单位</translation>
    </message>
</context>
</TS>
