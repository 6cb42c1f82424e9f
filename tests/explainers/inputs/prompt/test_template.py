"""Chat templates: what transformers renders, and what a template of somebody else's may not do."""

from __future__ import annotations

import sys
import time

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from explainers.errors import BadInput, BadModel
from explainers.inputs.prompt.template import refuse_template, rendered

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Where does Anna live?"},
    {"role": "assistant", "content": "In Rome."},
    {"role": "user", "content": "And Boris?"},
]
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}
TEMPLATES = {
    "smollm": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nBe good<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' "
        "+ message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "mistral": (
        "{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] %}"
        "{%- set rest = messages[1:] %}{%- else %}{%- set rest = messages %}{%- endif %}{{- bos_token }}"
        "{%- for message in rest %}{%- if message['role'] == 'user' %}{%- if loop.last and system is defined %}"
        "{{- '[INST] ' ~ system ~ '\n\n' ~ message['content'] ~ '[/INST]' }}{%- else %}"
        "{{- '[INST] ' + message['content'] + '[/INST]' }}{%- endif %}{%- else %}"
        "{{- ' ' + message['content']|trim + eos_token }}{%- endif %}{%- endfor %}"
    ),
    "loops": (
        "{%- set ns = namespace(last=0) %}{%- for m in messages %}{%- if m.role == 'user' %}"
        "{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}{%- for m in messages %}"
        "{%- if loop.index0 > ns.last %}{%- break %}{%- endif %}{{ m.role|upper }}: {{ m.content }}\n"
        "{%- endfor %}{% generation %}{{ messages|length }}{% endgeneration %}{{ messages[0]|tojson }}"
    ),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_rendered_as_transformers_does(name: str) -> None:
    """Blocks trimmed, loop controls, its own tojson, the tag that marks what the assistant said."""
    wanted, _ = render_jinja_template(
        conversations=[MESSAGES], chat_template=TEMPLATES[name], add_generation_prompt=True, **SPECIAL
    )

    assert rendered(TEMPLATES[name], MESSAGES, special=SPECIAL) == wanted[0]


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "{{ 'a' * 10000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ ('a' * 1)|center(1000000000) }}",
        "{{ messages[0].content.ljust(1000000000) }}",
        "{{ range(99999)|join(messages[0].content.replace('', messages[0].content)) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% include 'other' %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% for",
    ],
)
def test_what_a_template_may_not_do_is_an_error_at_once(template: str) -> None:
    """Endless loops, giants, other files, the interpreter's insides: BadModel in a moment, and no trace stays."""
    before, started = sys.gettrace(), time.process_time()

    with pytest.raises(BadModel, match="chat template"):
        rendered(template, [{"role": "user", "content": "x" * 3000}], special={})

    assert time.process_time() - started < 3
    assert sys.gettrace() is before


def test_what_a_template_says_against_the_messages_is_told() -> None:
    """raise_exception is about what was asked, not about the model."""
    with pytest.raises(BadInput, match="only one turn"):
        rendered("{{ raise_exception('only one turn') }}", MESSAGES, special={})


def test_a_template_is_looked_at_before_it_is_used() -> None:
    """One that is no text or very long is refused with its size."""
    with pytest.raises(BadModel, match="must be a text"):
        refuse_template(["a"])
    with pytest.raises(BadModel, match="200000 characters"):
        refuse_template("a" * 200_000)
