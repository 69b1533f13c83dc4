"""Words that say little about who somebody is: what people add to a name, and what many names are made of.

Collected by hand: what organisations and their imitators put before and after a name, frequent words of English and
of machine learning, and frequent given and family names of the world. No word is here for a certain publisher's sake.
"""

from __future__ import annotations

from typing import Final

LETTER: Final = 3.5
"""What a letter of a name tells, in bits: 5 in a random string, less in a name."""
COMMON_WORD: Final = 8.0
AFFIX_WORD: Final = 5.0
ENDING_WORD: Final = 3.0
"""What a word that many names share tells as a whole, in bits."""

_BEGINNINGS = "ai hf my open py the"
_ENDINGS = """
    ai app bot co community corp data dev foundation gpt group hf hq hub inc io js lab labs llc llm llms ltd ml
    model models nlp official org py research team tech
"""
_CLAIMS = "authentic genuine hq official original real the true verified"
_AFFIXES = """
    0 00 001 01 02 1 123 2 2024 2025 2026 3 4 7 9 99 a academy admin agency alpha alt api apps archive at authentic
    backup base beta bots business by care center china cloud club cn com company consulting core corporation cpp
    dataset datasets de demo desktop digital docs download downloads edu education en engineering enterprise eu
    experimental finetune finetuned finetunes for fork fr free from genuine get ggml gguf global go gov gptq help
    home i im in india inference info institute int international intl its japan jp kr learning legacy lite main
    mirror mirrors mobile my net network new node now of old online open orgs original oss partner partners pip plus
    portal pro prod production project projects pub public python quant quantized quants real release releases repo
    repos robotics s sa safe science secure security service services shop site software solution solutions space
    spaces src staff stage staging store studio studios support system systems test testing tests the tool tools
    transformers true tv uk university us usa use user users v v1 v2 v3 vip web website weights work works world x
    xyz zh
"""
_ENGLISH = """
    agent agents air angel anything apple aqua arc art arts atom audio aurora bear big bird bit black blue book box
    brain bridge bright buddy byte cap cat chat cipher circle city clear code coder coding collective college
    computer computing cool corpus creative crew cross crypto crystal culture cyber dark deep delta depth design
    diffusion distil dog dolphin domain dragon dream dreams drive eagle earth east echo edge eight electric embed
    embedding embeddings energy engine entropy epic eval evolution eye face factory falcon fast field finance fire
    first flash flow flux force forest forge fox frame free freedom fun fusion future galaxy game games garden gen
    generation ghost giant glass gold golden good graph gray great green grid gull happy hawk health heart hero
    hidden high hill horizon house human humans hyper ice idea image images infinity inner insight instruct
    intelligence intelligent internal iron island jet joy jump king knight knowledge lambda land language latent
    lazy leaf learn learner legal level life light lightning line link lion little live llama local logic logits
    long lotus lucky lunar machine machines magic mango map maple mars master math matrix mech media medical mega
    memory meta micro mind minds mini mint mist mix mode modern mono moon motion mountain multi music native nature
    net neural neuron new next night ninja noise north nova novel object ocean old omega one onyx optic orange orbit
    order otter owl panda paper path pearl phase photo pilot pixel planet play poly pool power prime prompt proto
    pulse pure quantum quest quick rabbit radio rain raven red reliable retro river rock rocket root rose route ruby
    runner safe sage sand school scope sea search second secret seed sense sentence shadow sharp sigma signal silent
    silver simple sky small smart smith snow soft solar song soul sound source south spark sparse spectral spectrum
    speech spirit spring stability stable star stars state states steel step stone storm stream street strong sub
    summer summit sun sunny super swift synth tensor text theory think thinking thought thoughts thunder tiger time
    tiny titan token top torch tower train trainer transformer tree true tune turbo turtle twin two ultra union unit
    universe urban valley value vector video view virtual vision visual vocab voice void walker water wave way west
    whale wild wind wing winter wise wizard wolf wonder word words write writer yellow young zen zero zone
"""
_GIVEN_NAMES = """
    aaron abdul adam adrian ahmed aisha alan alex alexander ali alice amir amy ana andrea andrew anna anton antonio
    arjun arthur ben benjamin boris brian carlos carter chen chloe chris christian claire clara daniel david dennis
    diana diego dmitri dmitry elena emil emily emma eric erik eva fatima felix fernando francisco frank gabriel
    george grace hana hannah hans harry hassan helen henry hiro hugo ian ibrahim igor ilya ines isaac ivan jack
    jacob james jan jane jason javier jean jennifer jin joao joe john jonas jonathan jorge jose joseph juan julia
    julian jun kai karen karim kate katie kenji kevin kim kumar laura leo leon liam lily linda lisa louis luca lucas
    lucy luis luke maria marie mario mark marta martin mary mateo matt matthew max maya mehmet mei mia michael
    miguel mike mina ming mohamed mohammed mona nadia nathan nicolas nina noah nora oleg olga oliver omar oscar
    pablo patrick paul pedro peter petra philip pierre priya rachel rafael rahul raj ravi ricardo richard rita
    robert roman rosa ryan sam samuel sandra sara sarah sean sergei simon sofia sophie stefan stephen steve susan
    tanya thomas tim tom tomas tony vera victor victoria vincent wei will william xin yan yang yasmin yuki yusuf
    zara zoe
"""
_FAMILY_NAMES = """
    anderson bakker brooks brown campbell chan chang cho choi clark cohen cruz davis diaz evans fischer fisher
    garcia gomez gonzalez gupta hall harris hernandez huang hunt ito ivanov jackson jansen jensen johnson jones kang
    kaya khan kowalski larsson lee lewis li lim lin liu lopez martinez miller moore mueller murphy nguyen nielsen
    novak park patel perez petit petrov pham rao reed ricci rivera rodriguez rossi roy sanchez santos sato schmidt
    scott sharma shaw silva singh smith sun suzuki tan tanaka taylor thompson torres tran tremblay turner walker
    wang webb weber white williams wilson wong wood wright wu xu yamada yilmaz zhang zhao zhou zhu
"""

BEGINNINGS: Final = frozenset(_BEGINNINGS.split())
"""What is put before a name without a separator, too: `openai`, `thebloke`."""

ENDINGS: Final = frozenset(_ENDINGS.split())
"""What is put after a name without a separator, too: `mistralai`, `cagliostrolab`."""

CLAIMS: Final = frozenset(_CLAIMS.split())
"""Affixes that claim to be the real one."""

AFFIXES: Final = BEGINNINGS | ENDINGS | CLAIMS | frozenset(_AFFIXES.split())
"""What is put before or after a name without making it another name."""

COMMON: Final = (
    AFFIXES | frozenset(_ENGLISH.split()) | frozenset(_GIVEN_NAMES.split()) | frozenset(_FAMILY_NAMES.split())
)
"""What many names share: to share it with a publisher is no sign of imitation."""


def worn(word: str) -> float:
    """Say how many bits less a word of `COMMON` tells than its letters would."""
    told = ENDING_WORD if word in ENDINGS else AFFIX_WORD if word in AFFIXES else COMMON_WORD
    return max(0.0, LETTER * len(word) - told)
