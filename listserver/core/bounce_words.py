"""The words of bounces: tables of regular expressions, one a line, compared without regard to case.

General wording of many mail systems and languages, not names of hosts. A new form is added here, with a mail in
tests/data/bounces.
"""

import re

ADDR = r"[^\s<>\"'();:,\[\]/|\\@]{1,64}@(?:[\w-]{1,63}\.){0,8}[\w-]{1,63}(?![\w-]|\.\.)"


def _any_of(lines: str, before: str = "", after: str = "") -> re.Pattern[str]:
    alternatives = "|".join(line.strip() for line in lines.strip().splitlines())
    return re.compile(f"{before}(?:{alternatives}){after}", re.I)


FULL = _any_of(  # no room in the mailbox
    r"""
    quota
    mailbox[^.\n]{0,40}\b(?:is |was )?full
    full mailbox
    mailfolder is full
    inbox is full
    storage (?:limit|space)
    too much mail (?:data|stored)
    (?:mailbox|user|account)[^.\n]{0,30}exceed(?:s|ed)
    exceed\w* [^.\n]{0,20}storage
    insufficient (?:disk|system) ?(?:space|storage)
    not enough (?:disk|storage) space
    no space left
    disk full
    mailbox size limit
    out of storage
    over ?drawn
    maildir[^.\n]{0,20}(?:full|over)
    account is full
    mailbox for .{0,60} is full
    bo[iî]te .{0,20}pleine
    buz[oó]n .{0,20}lleno
    postfach .{0,20}voll
    """
)

GONE = _any_of(  # no such address or domain, or closed
    r"""
    user[ _-]?(?:id )?(?:is )?(?:unknown|not (?:found|known|exist\w*))
    unknown (?:user|recipient|address|local|mailbox|account)
    unknown or illegal
    (?:user|recipient|mailbox|account|address)[^.\n]{0,40} is (?:unknown|invalid)
    (?:addressee|recipient|mailbox|account|address|alias) (?:is )?(?:unknown|not (?:found|known))
    no such (?:user|recipient|mailbox|account|address|person|local|domain|host)
    no (?:mailbox|user|account)[^.\n]{0,12} (?:here|by|with|under|named)
    (?:user|recipient|mailbox|account|address|domain|host|alias)[^.\n]{0,60}(?:does ?n[o']t|do not|did not) exist
    does not have (?:an account|a final)
    doesn'?t have (?:a|an) [^\n]{0,60}account
    not listed in (?:domino|public|the)
    recipient name is not recognized
    unknown recipient
    invalid (?:recipient|mailbox|user|address|final delivery|local)
    (?:account|mailbox|user|address|recipient)[^.\n]{0,40}(?:disabled|inactive|suspended|deactivated|locked|closed)
    (?:account|mailbox|user|address|recipient)[^.\n]{0,40}(?:discontinued|deleted|terminated|removed)
    (?:account|mailbox|user|domain) (?:has |is |was )?expired
    (?:account|mailbox|user|address|recipient)[^.\n]{0,40}(?:no longer|not active)
    no longer (?:valid|active|available|in use|works|with)
    is(?:n't| not) a valid (?:user|mailbox|address|recipient)
    not a (?:valid|known) (?:user|mailbox|recipient)
    couldn't be found
    wasn't found
    could not be found
    address (?:not|couldn't be) found
    (?:unknown|unroute?able|illegal|bad) (?:host|domain|address|mail domain|recipient|destination)
    (?:host|domain)(?: name)?[^.\n]{0,40}(?:unknown|not found(?!, try)|invalid)
    nxdomain
    bad destination
    unresolvable
    not (?:our|a local) (?:customer|user)
    has moved
    user moved
    moved to
    this person'?s? .{0,20}left
    undeliverable address
    mail exchanger or ip address
    accepts? no mail
    no smtp service
    null ?mx
    does not accept (?:mail|e-mail)
    nullmx
    no valid recipients
    not (?:recogni[sz]ed|known) (?:here|at this)
    bad address
    recipient not found
    userunknown
    no matches to
    not a registered
    not registered
    does(?: no|n['o])t receive e?-?mail
    (?:user|account) has been (?:closed|moved|removed)
    (?:user|recipient|mailbox)[^.\n]{0,40}not local
    no encontrad
    desconocido
    inconnu
    utilisateur non
    unbekannt
    nicht bekannt
    """
)

POLICY = _any_of(  # the mail or its sender was not wanted
    r"""
    \bspam\b
    spamhaus
    spamcop
    \b(?:bulk|junk|unsolicited|uce)\b
    black ?-?list\w*
    block ?-?list\w*
    \b[a-z-]*bl\.[a-z]+\.
    blocked
    banned
    reputation
    polic(?:y|ies)
    dmarc
    \bspf\b
    dkim
    unauthenticated
    not authenticated
    authentication (?:required|failed|checks)
    reverse dns
    \bptr\b
    rdns
    \bvirus
    malware
    infected
    phish
    suspicious
    prohibited
    content (?:rejected|filter|denied)
    rejected (?:by|for|due to|because of) (?:content|polic|filter)
    (?:message|mail|e-mail)[^.\n]{0,20} (?:is )?(?:too (?:big|large)|size|exceed\w*)
    (?:size|length)[^.\n]{0,30}(?:exceed|limit)
    too (?:big|large)
    not accept(?:ing)? mail from
    sender (?:address )?(?:is )?(?:rejected|denied|blocked|was rejected|verify failed)
    access denied
    relay(?:ing)? (?:access )?denied
    relaying
    not permitted
    not allowed
    not authori[sz]ed
    permission (?:to post|denied)
    forbidden
    refused by (?:filter|polic)
    attachment
    rfc ?(?:2822|5322|822)
    non-compliant
    bare (?:cr|lf)
    header (?:is )?(?:missing|invalid|error)
    \bmime\b
    restricted
    moderated
    subscri\w+ only
    unroutable sender
    unsigned
    insecure mail relay
    sender address
    domain of sender
    bad reputation
    too many (?:hops|recipients)
    loop
    """
)

HARD_POLICY = _any_of(  # not wanted, even where the same line speaks of an unknown user
    r"""
    \bsender
    spamhaus
    spamcop
    \bdmarc\b
    \bspf\b
    \bdkim\b
    unsolicited
    blacklist
    unauthenticated
    virus
    """
)

TEMPORARY = _any_of(  # not now
    r"""
    temporar\w*
    try again
    deferred
    delayed
    time[ds]?[ -]?out
    timeout
    connection (?:refused|reset|lost|failed)
    expired
    too long
    retry
    could not be delivered for
    cannot send message for
    not yet been delivered
    will be retried
    given up
    delivery attempts
    grey-?list\w*
    too many connections
    unavailable or busy
    server (?:is )?busy
    resources? (?:temporarily )?unavailable
    network error
    no route to host
    postponed
    aborted after
    unreachable
    could not (?:connect|contact)
    did not (?:respond|accept our requests)
    not been collected
    throttl
    rate limit
    wasn't able to establish
    dns (?:lookup )?(?:failure|error)
    delivery failed \d+ attempts
    """
)

REFUSED = _any_of(  # a refusal that gives no reason
    r"""
    (?<!address )\brejected\b
    \bdenied\b
    (?:service|mail|message) refused
    mismatches client
    """
)

PERMANENT = _any_of(  # the report as a whole speaks of a final failure
    r"""
    permanent(?:ly)?
    given up
    giving up
    failed
    rejected
    fatal
    returned
    """
)

DAEMON = _any_of(  # senders that are mail systems
    r"""
    mailer-?daemon
    mail\.?delivery
    mdaemon
    system administrator
    delivery (?:sub)?system
    smtp_mail_service
    mail delivery
    mailadm
    (?:^|[<\s])<>
    antivirus_for_smtp
    """
)

SUBJECT = _any_of(  # subjects of reports
    r"""
    undeliver
    (?:non-?|not )deliver
    delivery (?:status|failure|report|problem|notification|has failed|delayed|warning|error)
    failure (?:notice|delivery)
    failed mail
    mail failed
    returned (?:mail|to sender)
    returning message
    message (?:you sent )?(?:blocked|delayed)
    mail (?:delivery )?(?:failed|failure|error|system error)
    could not be delivered
    error sending
    delayed mail
    mail status
    message status
    user unknown
    permanent
    not been delivered
    unzustellbar
    non remis
    no se pudo
    impossible
    """
)

PHRASE = _any_of(  # what reports say in their first lines
    r"""
    (?:could|can) ?not be (?:successfully )?delivered
    delivery (?:to|of|for) [^\n]{0,60}(?:fail|delay|abort|postpon)
    delivery (?:has )?failed
    undeliverable
    (?:un|not )able to deliver
    (?:not|n't)(?: yet)? (?:been )?(?:delivered|reach)
    permanent(?:ly)? (?:error|fatal|failed)
    failed recipient
    delivery status notification
    (?:error|trouble|problem)s? (?:occurred|was|has|delivering|in)
    did not reach
    failed permanently
    delivery failed
    failed delivery
    automatically rejected
    returned mail
    permanent fatal errors
    delivery errors
    rejected by
    has been returned
    encountered an error
    no valid recipients
    failed addresses
    invalid final delivery
    did NOT receive
    address is wrong
    did not exactly match
    """
)

WAITING = _any_of(  # what reports of a delay say
    r"""
    has(?: not yet been| been) (?:delivered|delayed|postponed)
    warning message only
    is delayed
    only a temporary failure
    just a warning
    will (?:be retried|continue to)
    delivery attempts will
    still being retried
    message delayed
    has not yet been
    """
)

FAILING = _any_of(  # near an address: it was not reached
    r"""
    not? (?:be |been |able to be )?(?:yet )?(?:been )?(?:be )?(?:deliver|sent|reach)
    undeliver
    unable to (?:be )?(?:deliver|send|reach)
    (?:was|were|is|has)(?:n't| not)
    could ?n[o']t
    cannot
    did not
    not (?:a )?(?:deliver|reach|receiv|accept|exist|listed|valid)
    fail
    reject
    return
    error
    unknown
    invalid
    full
    quota
    exceed
    refus
    unavailable
    disabled
    permanent
    bounce
    no such
    problem
    delay
    postponed
    trouble
    pas pu
    no pudo
    wrong
    generated
    unreachable
    """
)

NAMED = _any_of(  # words after which a recipient's address follows
    r"""
    rcpt(?: to)?
    recipients?
    address(?:ed)?(?:\(es\))?
    (?:error|failed)[ -]for
    undeliverable
    invalid final delivery userid
    unknown user
    delivery failed [^\n:]{0,20}attempts
    allowed size
    user's mailbox is full
    addressed to email address
    mailbox
    smtp=?
    local user
    dda
    gateway for
    (?:generated|expanded) (?:from|by)
    to
    for
    """,
    before=r"\b",
    after=r"\s*[:=,]?\s*(?:are|is)?\s*[:=]?\s*[\s<\"'\[]{0,6}(?:smtp[:=])?(" + ADDR + ")",
)

NOT_RECIPIENT = _any_of(  # words after which an address follows that is the sender's, or of somebody to ask
    r"""
    mail from
    from
    sender
    contact
    reply[- ]to
    e-?mail to
    mail to
    write to
    call
    visit
    message-id
    id
    envelope-from
    support
    help
    ask
    questions?
    https?:\S{0,60}
    by
    helo
    ehlo
    cc
    de
    notify
    inform
    """,
    before=r"\b",
    after=r"\s*[:=]?\s*[<\"'\[(]{0,3}$",
)

CUT = _any_of(  # lines after which the returned mail follows
    r"""
    (?:below|here|this|included|attached)\b[^:]{0,60}\bcopy of
    (?:the )?header of the original
    (?:a )?copy of (?:the|your)(?: original)? message
    original (?:message|mail)(?: headers?)?\b(?! was| is| of| details| id)
    (?:the )?(?:first \d+ lines of )?your original message
    returned (?:message|mail)\b(?!:)
    unsent message
    message (?:text|headers?|body)
    start of returned
    begin (?:returned|message)
    forwarded message
    old message\b
    (?:the )?header and top
    your message reads
    undelivered message
    mensaje original
    bounced message
    a summary of the undelivered
    original mail as follows
    message details\b
    """,
    before=r"^\W{0,40}",
)

COPIED_HEADER = _any_of(  # header lines with which a returned mail starts
    r"""
    received
    return-path
    dkim-signature
    mime-version
    message-id
    x-originating-ip
    authentication-results
    delivered-to
    """,
    before="^[ >]{0,4}",
    after=" ?:",
)
