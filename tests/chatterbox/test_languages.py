"""Which language a text has, for the model that speaks 23."""

import pytest

from engine.tts.engines.chatterbox.models import MODELS
from engine.tts.engines.chatterbox.tokenizer import Languages


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages(MODELS["multilingual"].languages)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "صباح الخير جميعا"),
        ("da", "Jeg ved ikke, hvad du mener, men det lyder rigtig dejligt."),
        ("de", "Guten Morgen zusammen, wie geht es euch?"),
        ("el", "Καλημέρα σε όλους"),
        ("en", "Good morning everyone, how are you?"),
        ("es", "Buenos días a todos, ¿cómo están hoy?"),
        ("fi", "Hyvää huomenta kaikille, mitä kuuluu?"),
        ("fr", "Bonjour tout le monde, comment allez-vous ?"),
        ("he", "בוקר טוב לכולם"),
        ("hi", "सुप्रभात, आप कैसे हैं?"),
        ("it", "Buongiorno a tutti, come state oggi?"),
        ("ja", "おはようございます"),
        ("ja", "東京タワーへ行きました"),
        ("ko", "안녕하세요"),
        ("ms", "Selamat pagi semua, apa khabar hari ini?"),
        ("nl", "Goedemorgen allemaal, hoe gaat het vandaag?"),
        ("no", "Jeg vet ikke hva du mener, men det høres veldig fint ut."),
        ("pl", "Dzień dobry wszystkim, jak się macie?"),
        ("pt", "Bom dia a todos, como vocês estão hoje?"),
        ("ru", "Доброе утро"),
        ("sv", "Jag vet inte vad du menar, men det låter väldigt trevligt."),
        ("sw", "Habari za asubuhi kila mtu, mnaendeleaje leo?"),
        ("tr", "Herkese günaydın, bugün nasılsınız?"),
        ("zh", "大家早上好"),
    ],
)
def test_each_language_is_told(language: str, text: str, languages: Languages) -> None:
    assert languages.of(text) == language


@pytest.mark.parametrize(
    "text",
    ["", "?!", "42", "🙂", "No.", "Haha, no!", "asdf jkl qwer uiop zxcv bnm poiu", "1 " * 40],
)
def test_what_cannot_be_told_is_english(text: str, languages: Languages) -> None:
    assert languages.of(text) == "en"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I had ラーメン for lunch, and it was really good."),
        ("en", "The angle α is about half of the angle β in this figure."),
        ("zh", "我今天去了Starbucks"),
        ("zh", "鮮の每日水果茶今天開始全面特價優惠"),
        ("ja", "ＧＯＯＤなアイデアですね"),
        ("ko", "오늘 Discord에서 만나요"),
        ("ru", "Заходи в Discord вечером"),
        ("de", "HEUTE ABEND SPIELEN WIR ZUSAMMEN WEITER"),
    ],
)
def test_mixed_text_is_in_the_language_of_most_of_it(
    language: str, text: str, languages: Languages
) -> None:
    assert languages.of(text) == language


GERMAN = "Ja, genau. Das habe ich gestern auch schon gesagt, aber niemand hat zugehört."
RUSSIAN = "Да, конечно, я так и думал. OK, let me see. 42!"


@pytest.mark.parametrize(
    ("language", "text", "within"),
    [
        ("de", "Ja, genau.", GERMAN),
        ("de", "42!", GERMAN),
        ("ru", "42!", RUSSIAN),
        ("en", "OK, let me see.", RUSSIAN),
        ("fr", "Bonjour tout le monde, comment allez-vous ?", GERMAN),
        ("en", "Ja, genau.", "Ja, genau. 42!"),
        ("en", "?!", "?! 🙂"),
        ("ja", "東京", "東京へ行きました"),
    ],
)
def test_part_that_does_not_tell_is_in_the_language_of_the_whole(
    language: str, text: str, within: str, languages: Languages
) -> None:
    assert languages.of(text, within=within) == language


def test_language_that_is_not_spoken_is_never_told() -> None:
    few = Languages(["en", "de"])
    assert few.of("Доброе утро") == "en"
    assert few.of("Buenos días a todos, ¿cómo están hoy?") in ("en", "de")
