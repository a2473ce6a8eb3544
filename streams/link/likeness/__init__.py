"""How alike a remark and an epic are, and how sure one may be of it.

Pure: numbers in, numbers out. Nothing here knows a broker, a database, a clock or a socket; the
only file read is the packaged table of word vectors.

::

    clean      what of a description is worth comparing
    grams      hashed pieces of words, counted
    reading    what was read of the texts of one question, once for all tiers
    letters    those of epics and of remarks as rows, weighed by rarity
    usual      what is common in English, where few epics cannot tell
    table      word vectors: the packaged ones, or others
    fitting    how they are fitted to what a sentence model says
    adapting   the same, to a customer's own texts
    minilm     the sentence model of the quality tier, an extra
    integers   rewrites it to multiply whole numbers; `wire` reads and writes its file
    index      epics, ranked by likeness to a remark
    blend      how they are weighed
    tiers      which vectors, blended how
    language   whether a remark is in the language that the vectors know
    learning   what accepted remarks teach about an epic
    remembered their vectors, kept for the next start
    certainty  from a score to a calibrated probability and a tested threshold
    drift      whether the audits still carry the threshold
"""
