"""The words by which mail programs mark what they quote, forward and sign, in the languages of standards I3 and I4."""


def _phrases(text: str) -> tuple[str, ...]:
    """One phrase between bars or line ends."""
    return tuple(phrase.strip() for line in text.strip().split("\n") for phrase in line.split("|"))


# What stands for "wrote" in the line above a quote.
WROTE = _phrases(
    """
    wrote|writes|sent|said|schrieb|geschrieben|geschreven|schreef|écrit|ecrit|écrivait|escribió|escribio|scritto
    scrisse|escreveu|napisał|napisała|napisał(a)|pisze|skrev|skriver|kirjoitti|napsal|napsala|napsal(a)|napísal
    написал|написала|написал(а)|писал|пишет|пише|написав|viết|yazdı|yazmış|έγραψε|írta|scris|rašė|kirjutas|napisao
    pisao
    """
)
# The same where no space parts words.
WROTE_CJK = _phrases(
    """
    写道|写到|寫道|書きました|書き込みました|wrote|님이 작성|작성:
    """
)
# How such a line begins; a number must follow soon.
OPENERS = _phrases(
    """
    on|am|le|el|il|op|em|den|på|pe|w|dnia|dne|dňa|v|at|vào|ter|на|в|у|σ|στις|dana|na|día|no
    """
)
# Or it begins with a day, in full or short.
WEEKDAYS = _phrases(
    """
    mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|mo|di|mi|do|fr|sa|so|montag
    dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lun|mar|mer|jeu|ven|sam|dim|lundi|mardi|mercredi|jeudi
    vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|lunedì|martedì|mercoledì|giovedì
    venerdì|sabato|domenica|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|segunda|terça|quarta|quinta
    sexta|seg|ter|qua|qui|sex|pon|wt|śr|czw|pt|sob|niedz|mån|tis|ons|tors|fre|lör|sön|man|tir|tor|lør|søn|ma|ti|ke
    to|pe|la|su|po|út|st|čt|pá|ne|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|пн|вт|ср|чт|пт|сб|вс
    """
)
# Between rules: ----- Original Message -----
SEPARATORS = _phrases(
    """
    original message|original appointment|reply message|forwarded message|forwarded by|message from|forward message
    ursprüngliche nachricht|originalnachricht|original-nachricht|antwort nachricht|weitergeleitete nachricht
    message d'origine|message d’origine|message original|message transféré|message initial|mensaje original
    mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht
    mensagem original|mensagem encaminhada|oryginalna wiadomość|wiadomość oryginalna|treść przekazanej wiadomości
    ursprungligt meddelande|vidarebefordrat meddelande|originalmeddelande|oprindelig meddelelse
    videresendt meddelelse|original meddelelse|opprinnelig melding|videresendt melding|alkuperäinen viesti
    välitetty viesti|původní zpráva|přeposlaná zpráva|pôvodná správa|исходное сообщение|пересылаемое сообщение
    пересланное сообщение|оригинальное сообщение|перенаправленное сообщение|вихідне повідомлення
    原始邮件|原始郵件|转发邮件|轉寄郵件
    邮件原件|元のメッセージ|転送メッセージ|original-e-mail|orijinal mesaj|iletilen ileti|eredeti üzenet|mesaj original
    """
)
# Without rules, above the forwarded mail.
FORWARD_LINES = _phrases(
    """
    begin forwarded message|forwarded message|début du message réexpédié|début du message transféré
    anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|inicio del mensaje reenviado
    inizio messaggio inoltrato|begin doorgestuurd bericht|início da mensagem encaminhada
    início da mensagem reenviada|vidarebefordrat brev|start på videresendt besked|videresendt melding
    välitetty viesti alkaa|začátek přeposlané zprávy|начало переадресованного сообщения
    początek przekazywanej wiadomości|転送されたメッセージ|下面是被转发的邮件|以下是转发的邮件
    """
)

# Fields of a quoted mail's header, by what they mean.
FIELDS = {
    "from": _phrases(
        """
    from|von|de|da|van|od|från|fra|lähettäjä|от|від|发件人|寄件者|差出人|kimden|feladó|de la
    """
    ),
    "date": _phrases(
        """
    date|sent|datum|gesendet|envoyé|enviado|data|inviato|verzonden|wysłano|skickat|sendt|dato|lähetetty|päivämäärä
    odesláno|odoslané|дата|отправлено|надіслано|日期|发送时间|送信日時|日付|gönderildi|tarih|fecha|fecha de envío
    """
    ),
    "to": _phrases(
        """
    to|an|à|a|para|aan|do|till|til|vastaanottaja|komu|кому|收件人|宛先|kime|pour|címzett
    """
    ),
    "subject": _phrases(
        """
    subject|betreff|objet|asunto|oggetto|onderwerp|assunto|temat|ämne|emne|aihe|předmět|predmet|тема|主题|主旨|件名|konu
    sujet|tárgy
    """
    ),
    "other": _phrases(
        """
    cc|bcc|kopie|copie|kopia|kopi|копия|抄送|reply-to|répondre à|risposta|antwort an|responder a|antwoord aan
    importance|attachments|anlagen
    """
    ),
}

# What a phone or a program puts under a mail.
SENT_FROM = _phrases(
    """
    sent from|sent via|sent with|sent using|sent by|send from|from my|envoyé de|envoyé depuis|envoyé à partir de
    gesendet von|gesendet mit|von meinem|von mir|diese nachricht wurde von|enviado desde|enviado de|enviado do
    enviado a partir|enviado com|inviato da|inviato dal|verzonden met|verzonden vanaf|verstuurd vanaf|verstuurd met
    wysłano z|wysłane z|skickat från|skickades från|skickat med|sendt fra|sendt med|lähetetty|odesláno z|odoslané z
    отправлено с|отправлено из|відправлено з|надіслано з|从我的|從我的|发自我的|發自我的|iphoneから送信|私の
    get outlook for|outlook für
    outlook pour|obtener outlook|scarica outlook|sent on the|envoyé avec|someone from mobile
    """
)
# How a notice begins that nobody wrote for this mail, and (NOTICE_WORDS) what else it holds.
NOTICE_OPENINGS = _phrases(
    """
    disclaimer|confidentiality notice|confidentiality:|strictly confidential|confidential communication|caution:
    external email|external sender|this e-mail|this email|this message|this communication|this transmission
    the information contained|the information in this|the contents of this|the content of this|information in this
    privileged and|privileged/|private and confidential|important notice|legal notice|notice:
    please consider the environment|before printing|if you are not the intended|if you have received this|any views
    email disclaimer|diese e-mail|diese email|diese nachricht|diese mail|der inhalt dieser|haftungsausschluss
    ce message|ce courriel|cet e-mail|ce mail|avis de confidentialité|les informations contenues|merci de penser
    este mensaje|este correo|aviso legal|aviso de confidencialidad|la información contenida|antes de imprimir
    questo messaggio|questa e-mail|le informazioni contenute|avviso di riservatezza|dit bericht|deze e-mail
    de informatie in|esta mensagem|este e-mail|aviso de confidencialidade|ta wiadomość|niniejsza wiadomość
    detta meddelande|detta e-postmeddelande|denne e-mail|denne mail|denne e-post|tämä viesti|tento e-mail
    tato zpráva|это сообщение|данное сообщение|本邮件|此邮件|本メール|このメール
    """
)
NOTICE_WORDS = _phrases(
    """
    confidential|intended recipient|intended only|intended for|intended solely|privileged|virus|disclos|unauthori
    originated from outside|outside of|outside the organi|legally binding|do not click|this email is|environment
    monitored|addressee|strictly prohibited|vertraulich|empfänger|bestimmt|confidentiel|destinataire|destiné
    confidencial|destinatario|destinado|riservat|vertrouwelijk|bestemd|geadresseerde|destinatário|poufn|adresat
    konfidentiell|avsedd|fortrolig|luottamuksel|důvěrn|конфиденциальн|機密|机密|保密|imprimer|imprimir
    """
)
# What list servers and services put under a rule.
FOOTER_WORDS = _phrases(
    """
    mailing list|mailman|listinfo|unsubscribe|to post to|list archive|reply to this email|view it on|view this
    visit topic|abmelden|désabonner|désinscrire|cancelar suscripción|disiscri|afmelden|prenumer|rezygn|отписаться|退订
    配信停止|you received this|you are receiving|groups.google|groups.io|list-unsubscribe|dgroups|community of practice
    notification|preferences
    """
)
