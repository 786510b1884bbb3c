"""Partners put into the configuration file and taken out: all else in it stays."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from repl_connect.errors import UsageError
from repl_connect.partners.adding import names_of
from repl_connect.partners.file import Changes, add, remove
from repl_connect.settings import Partner, load_settings

# However partners may be written: what is around them, and one of them called `a`.
LAYOUTS = {
    "tables": '# first\n[prompt]\ntheme = "dark" # why\n\n[partners.a] # mine\naddress = "1"\n\n'
    '# about keys\n[keys]\naccept = ["f1"]\n',
    "apart": '[partners.a]\naddress="1"\n[prompt]\ntheme="dark"\n# about b\n[partners.b]\n'
    'address="2"\n',
    "inline": 'partners = {a = {address = "1"}} # short\n[prompt]\ntheme="dark"\n',
    "inline each": '[partners]\na = {address="1"}\nb.address = "2"\n\n[prompt]\n',
    "dotted": 'partners.a.address = "1"\n[prompt]\ntheme="dark"\n',
    "with a header": '[partners]\n[partners.a]\naddress="1"\n[partners.b]\naddress="2"\n[log]\n',
    "windows": '[partners.a]\r\naddress = "1"\r\n[prompt]\r\ntheme = "dark"\r\n',
    "marked": '\ufeff[partners.a]\naddress = "1"\n',
}
NEW = Partner("new", "host:7", "nrepl", "clojure", ("x", "y"), ('(print "ü")\n', "'"), "dask://s")
NEW_TABLE = {
    "address": "host:7",
    "dialect": "nrepl",
    "language": "clojure",
    "tags": ["x", "y"],
    "forms": ['(print "ü")\n', "'"],
    "source": "dask://s",
}


@pytest.fixture(autouse=True)
def there(config: Path) -> None:
    config.parent.mkdir(parents=True)


def written(config: Path, text: str) -> dict[str, object]:
    config.write_bytes(text.encode())
    return tomllib.loads(text.removeprefix("\ufeff"))


def held(config: Path) -> dict[str, object]:
    return tomllib.loads(config.read_bytes().decode("utf-8-sig"))


class TestAnyLayout:
    @pytest.fixture(params=list(LAYOUTS.values()), ids=list(LAYOUTS))
    def text(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def test_add_and_remove(self, config: Path, text: str) -> None:
        before = written(config, text)
        assert add([NEW]) == Changes(added=("new",))
        partners = before["partners"]
        assert isinstance(partners, dict)
        assert held(config) == before | {"partners": {**partners, "new": NEW_TABLE}}
        assert load_settings().settings.partners["new"] == NEW
        data = config.read_bytes().decode()
        assert data.startswith("\ufeff") == text.startswith("\ufeff")
        assert (data.count("\r\n") == data.count("\n")) == ("\r\n" in text)
        for line in text.splitlines():
            assert "partners = {" in line or line in data.splitlines()
        assert remove(["new", "a"]) == Changes(removed=("a", "new"))
        rest = {name: value for name, value in partners.items() if name != "a"}
        assert (held(config).get("partners") or {}) == rest
        assert held(config).get("prompt") == before.get("prompt")

    def test_replace(self, config: Path, text: str) -> None:
        before = written(config, text)
        with pytest.raises(UsageError, match="@a is there already: 1"):
            add([Partner("a", "9")])
        assert config.read_bytes() == text.encode()
        assert add([Partner("a", "9", tags=("t",))], replace=True) == Changes(changed=("a",))
        partners = before["partners"]
        assert isinstance(partners, dict)
        changed = {**partners, "a": {"address": "9", "tags": ["t"]}}
        assert held(config) == before | {"partners": changed}
        assert add([Partner("a", "9", tags=("t",))], replace=True) == Changes()


def test_comments_and_order_stay(config: Path) -> None:
    written(config, LAYOUTS["tables"])
    add([Partner("sim", "7888", forms=("import sim",))])
    add([Partner("a", "2", "nrepl")], replace=True)
    assert config.read_text() == (
        '# first\n[prompt]\ntheme = "dark" # why\n\n[partners.a] # mine\naddress = "2"\n'
        'dialect = "nrepl"\n\n# about keys\n[keys]\naccept = ["f1"]\n\n'
        '[partners.sim]\naddress = "7888"\nforms = ["import sim"]\n'
    )


def test_what_was_imported_follows_its_source(config: Path) -> None:
    written(config, "[partners.mine]\naddress = '1'\n")
    first = [Partner(f"w{n}", f"h:{n}", tags=("dask",), source="dask://s") for n in (1, 2)]
    assert add(first, replace=True, replace_source="dask://s").added == ("w1", "w2")
    add([first[0]._replace(forms=("x",))], replace=True)
    later = [Partner(f"w{n}", f"h:{n + 1}", tags=("dask",), source="dask://s") for n in (1, 3)]
    changes = add(later, replace=True, replace_source="dask://s")
    assert changes == Changes(added=("w3",), changed=("w1",), removed=("w2",))
    partners = load_settings().settings.partners
    assert list(partners) == ["mine", "w1", "w3"]
    assert partners["w1"].forms == ("x",)  # which the user had added
    with pytest.raises(UsageError, match="@mine is there already and is not from dask://s"):
        add([Partner("mine", "2")], replace=True, replace_source="dask://s")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a*", "a:b", "@a", "a\nb", "a\x1b", "x" * 101])
def test_names_that_can_not_be_typed(config: Path, name: str) -> None:
    for partner in (Partner(name, "1"), Partner("a", "1", tags=(name,))):
        with pytest.raises(UsageError, match="can't be the name of a"):
            add([partner])
    assert not config.exists()


class TestTheFile:
    def test_there_is_none(self, config: Path) -> None:
        config.parent.rmdir()
        add([Partner("sim", "7888")])
        assert config.read_text() == '[partners.sim]\naddress = "7888"\n'
        assert stat.S_IMODE(config.stat().st_mode) == 0o600
        assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
        assert remove(["sim"]).removed == ("sim",)
        assert config.read_text().strip() == ""

    def test_mode_and_link_stay(self, config: Path, directory: Path) -> None:
        real = directory / "dotfiles.toml"
        real.write_text("# mine\n")
        real.chmod(0o640)
        config.symlink_to(real)
        add([Partner("sim", "7888")])
        assert config.is_symlink()
        assert real.read_text() == '# mine\n\n[partners.sim]\naddress = "7888"\n'
        assert stat.S_IMODE(real.stat().st_mode) == 0o640
        assert os.listdir(config.parent) == [config.name]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (b"[prompt]\ntheme = \n", "config.toml:2: invalid value at column 9. Nothing was"),
            (b"partners = 3\n", "`partners` is no table"),
            (b"# \xff\n", "not UTF-8"),
        ],
    )
    def test_one_that_is_wrong_stays_as_it_is(self, config: Path, text: bytes, words: str) -> None:
        config.write_bytes(text)
        with pytest.raises(UsageError) as caught:
            add([Partner("sim", "1")])
        assert words in str(caught.value)
        assert config.read_bytes() == text

    def test_a_partner_that_can_not_be_used_can_be_removed(self, config: Path) -> None:
        config.write_text("[partners.'a b']\n[partners.sim]\naddress = ':'\n")
        assert load_settings().settings.partners == {}
        with pytest.raises(UsageError, match="did you mean `sim`"):
            remove(["sin"])
        assert remove(names_of(["a b", "@sim"])) == Changes(removed=("a b", "sim"))

    def test_it_is_a_directory(self, config: Path) -> None:
        config.mkdir()
        with pytest.raises(UsageError, match="Is a directory"):
            add([Partner("sim", "1")])

    def test_of_many_that_change_it_at_once_none_is_lost(self, config: Path) -> None:
        code = (
            "import sys\nfrom repl_connect.partners.file import add\n"
            "from repl_connect.settings import Partner\ninput()\n"
            "for n in range(10): add([Partner(f'p{sys.argv[1]}-{n}', '1')])\n"
        )
        writers = [
            subprocess.Popen([sys.executable, "-c", code, str(number)], stdin=subprocess.PIPE)
            for number in range(3)
        ]
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write(b"\n")
            writer.stdin.close()
        assert [writer.wait(60) for writer in writers] == [0, 0, 0]
        assert len(load_settings().settings.partners) == 30
