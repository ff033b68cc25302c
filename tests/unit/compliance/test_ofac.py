"""The list of OFAC in its official layout."""

import pytest

from waqiti.services.compliance.domain.ofac import read_ofac
from waqiti.services.compliance.domain.screening import Entry, ListError

REST = ',-0- ,"PROGRAM",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1970."\r\n'
SDN = (
    f'36,"GNARL ""AIR"", LTD."{REST}'
    '173,"QUENVIK, Zorblat","individual","PROGRAM",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    '174,"MORWENNA STAR","vessel","PROGRAM",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    '175,"WQ-XYZ","aircraft","PROGRAM",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    "\x1a\r\n"
)
ALT = '173,57,"aka","QUÉNVIK, Z.",-0- \r\n173,58,"fka","ZORB",-0- \r\n\x1a\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_entries_come_with_their_aliases_and_what_they_are(encoding: str) -> None:
    assert read_ofac(SDN.encode(encoding), ALT.encode(encoding)) == [
        Entry("OFAC-36", 'GNARL "AIR", LTD.', (), "entity"),
        Entry("OFAC-173", "QUENVIK, Zorblat", ("QUÉNVIK, Z.", "ZORB"), "individual"),
        Entry("OFAC-174", "MORWENNA STAR", (), "vessel"),
        Entry("OFAC-175", "WQ-XYZ", (), "aircraft"),
    ]


@pytest.mark.parametrize(
    ("sdn", "alt", "sentence"),
    [
        ("", "", "sdn.csv holds no entry"),
        ("number,name,type\n1,Zorb,individual\n", "", "sdn.csv, line 1: this is not the layout of OFAC"),
        ('1,"Zorb"\n', "", "sdn.csv, line 1: this is not the layout of OFAC"),
        ('1,-0- ,"individual"\n', "", "sdn.csv, line 1: no name under number 1"),
        ('1,"Zorb",-0- \n1,"Zorb",-0- \n', "", "sdn.csv, line 2: a second entry under number 1"),
        ('1,"Zorb","planet"\n', "", "sdn.csv, line 1: 'planet' is no type of entry"),
        ('1,"Zorb,-0- \n', "", "sdn.csv, line 1: unexpected end of data"),
        ('1,"Zorb",-0- \n', '2,3,"aka","Z"\n', "alt.csv: there is no entry 2 in sdn.csv"),
        ('1,"Zorb",-0- \n', '1,3,"aka",-0- \n', "alt.csv, line 1: the alias is missing"),
    ],
)
def test_what_is_not_in_the_layout_is_refused_by_file_and_line(sdn: str, alt: str, sentence: str) -> None:
    with pytest.raises(ListError, match=sentence.replace(".", r"\.")):
        read_ofac(sdn.encode(), alt.encode())
