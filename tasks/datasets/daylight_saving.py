"""The hours that Brazil's clocks left out: at 00:00 of these days it became 01:00.

Daylight saving began on these days in the states whose time ONS keeps, and was abolished in 2019.
From the time-zone database (America/Sao_Paulo); a test compares the two where the database is.
The autumn hour that came twice stands once in ONS's files.
"""

from datetime import date

SKIPPED_HOURS: tuple[date, ...] = tuple(
    map(
        date.fromisoformat,
        (
            "1999-10-03", "2000-10-08", "2001-10-14", "2002-11-03", "2003-10-19", "2004-11-02",
            "2005-10-16", "2006-11-05", "2007-10-14", "2008-10-19", "2009-10-18", "2010-10-17",
            "2011-10-16", "2012-10-21", "2013-10-20", "2014-10-19", "2015-10-18", "2016-10-16",
            "2017-10-15", "2018-11-04",
        ),
    )
)  # fmt: skip
