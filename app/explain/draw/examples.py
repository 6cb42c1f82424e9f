"""Texts to start with, by model. Each shows something that a person may want to see explained."""

from __future__ import annotations

from dataclasses import dataclass

from ...web.words import N_


@dataclass(frozen=True, slots=True)
class Example:
    kind: str
    text: str
    lang: str = "en"
    pair: str = ""  # of a model that compares two texts


EXAMPLES = {
    "sentiment": (
        Example(N_("A turn"), "a gorgeous, witty film that never recovers from its clumsy opening"),
        Example(N_("Double negation"), "I expected nothing and was not disappointed."),
        Example(N_("Irony"), "The trailer promised a comedy. The film delivers a yawn."),
        Example(N_("Concession"), "The script is thin, but the two leads make every scene worth watching."),
        Example(N_("Not English"), "这部电影很好看 😀👍🏽", "zh"),
    ),
    "sentiment-zh": (
        Example(N_("Praise"), "这部电影很好看", "zh"),
        Example(N_("A turn"), "房间很大也很干净，可惜隔音太差，一晚上没睡好。", "zh"),
        Example(N_("Double negation"), "本来没抱什么期待，结果一点也没失望。", "zh"),
        Example(N_("Irony"), "服务真是周到，打了三次电话才有人接。", "zh"),
        Example(N_("In English"), "The script is thin, but the two leads make every scene worth watching."),
    ),
    "offensive-zh": (
        Example(N_("Plain"), "今天早上天气真好，正适合学点新东西。", "zh"),
        Example(N_("Identity"), "我的邻居是河南人，做的烩面特别好吃。", "zh"),
        Example(N_("Insult"), "有脑子的人都不会听这种蠢货的话。", "zh"),
        Example(N_("Quotation"), "他因为骂同事是笨蛋而被停职。", "zh"),
        Example(N_("Against prejudice"), "不要因为一个人来自哪里就看不起他。", "zh"),
    ),
    "toxicity": (
        Example(N_("Plain"), "What a lovely morning to learn something new."),
        Example(N_("Identity"), "My neighbours are Muslim and make the best tea in the street."),
        Example(N_("Insult"), "Nobody with a brain would listen to such a fool."),
        Example(N_("Quotation"), "He was suspended for calling his colleague an idiot."),
        Example(N_("Reclaimed"), "As a proud gay man I loved every minute of the parade."),
    ),
}
CHINESE_PAIRS = (
    Example(N_("Question and answer"), "怎么重置密码？", "zh", pair="登录信息可以在设置里修改"),
    Example(N_("Two languages"), "酒店房间太脏了", "zh", pair="The hotel room was filthy."),
    Example(N_("Negation"), "航班延误了。", "zh", pair="航班没有延误。"),
)
PAIRS = (
    Example(N_("Question and answer"), "How do I reset my password?", pair="Change your login in the settings"),
    Example(N_("Two sayings"), "The early bird catches the worm.", pair="Who comes first is served first."),
    Example(N_("Same words, other matter"), "The bank raised its rates.", pair="We sat on the bank of the river."),
    Example(N_("Negation"), "The flight was delayed.", pair="The flight was not delayed."),
)
OTHERS = (
    Example(N_("Short"), "This is better than I thought it would be."),
    Example(N_("Two sentences"), "The first half is slow. The second half makes up for it."),
)


def examples_for(model: str, *, compares: bool = False) -> tuple[Example, ...]:
    """compares: the model is asked of two texts."""
    if compares:
        return CHINESE_PAIRS if model == "e5" else PAIRS
    return EXAMPLES.get(model, OTHERS)
