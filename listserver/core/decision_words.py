"""The words by which people decide, in the languages of our moderators and members."""

from enum import StrEnum


class Answer(StrEnum):
    """What the first word of a reply to a notice says."""

    YES = "yes"
    NO = "no"
    DISCARD = "discard"
    SPAM = "spam"
    TRUST = "trust"  # approve, and this author is not held again
    BAN = "ban"
    EDIT = "edit"
    LATER = "later"
    PASSWORD = "password"  # noqa: S105 (`Approved: word` of Mailman and Majordomo; `reason` holds it)
    EMPTY = "empty"
    UNCLEAR = "unclear"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words after which anything may follow: the first word decides.
_FREE = {
    Answer.YES: """
        ok okay okey oke oki k yes y yep yeah yup sure approve approved accept accepted agreed fine
        ja jep jawohl einverstanden genehmigt genehmigen zugelassen freigeben
        oui d'accord d’accord approuver approuvé accepter accepté
        sí si vale aprobar aprobado aceptar aceptado
        sì approva approvato accetta accettato approvare
        goedgekeurd goedkeuren akkoord
        sim aprovar aprovado aceitar aceito aceite
        tak zatwierdź zatwierdzam akceptuję zgoda
        godkänn godkänd godkänt godkend godkendt godkjenn godkjent
        kyllä joo hyväksy hyväksytään hyväksytty
        ano jo schválit schváleno schvaluji souhlasím
        да ок хорошо одобрить одобряю одобрено принять подтверждаю
        はい 承認 承認します 許可 許可します 了解 了解です オーケー
        好 好的 是 是的 同意 批准 通过 通過 可以 确认 確認
    """,
    Answer.NO: """
        no n nope reject rejected deny denied refuse
        nein ablehnen abgelehnt non refuser refusé rejeter rejeté rechazar rechazado rifiuta rifiutato respingi
        nee afwijzen afgewezen weigeren não nao rejeitar rejeitado recusar nie odrzuć odrzucam
        nej avslå avvisa avvist nei avvis afvis afvist ei hylkää hylätty hylätään ne zamítnout zamítnuto odmítnout
        нет отклонить отклоняю отклонено いいえ 却下 却下します 拒否 拒否します 不 否 不同意 拒绝 拒絕
    """,
}
# Words that also begin ordinary sentences: only "it", "please", "thanks" and the like may follow.
_BOUND = {
    Answer.YES: "distribute release post send publish freischalten publier publicar pubblica plaatsen publiceer",
    Answer.DISCARD: """
        discard drop delete bin trash verwerfen löschen supprimer jeter descartar borrar eliminar scarta elimina
        verwijderen weggooien descartar apagar usuń kasta släng radera slet kassér forkast slett poista zahodit smazat
        loeschen удалить удали 破棄 削除 丢弃 删除 刪除
    """,
    Answer.SPAM: "spam junk spamm pourriel спам スパム 迷惑メール 垃圾 垃圾邮件 垃圾郵件",
    Answer.TRUST: """
        always trust immer vertrauen toujours siempre sempre altijd zawsze alltid altid aina vždy vzdy всегда
        常に 信頼 总是 總是 信任
    """,
    Answer.BAN: """
        ban block sperren blockieren bannir bloquer bloquear blocca blokkeren zablokuj blockera blokér blokker
        estä zablokovat заблокировать забанить ブロック 封禁 屏蔽
    """,
    Answer.EDIT: """
        edit bearbeiten modifier editar modifica bewerken edytuj redigera rediger muokkaa upravit править 編集 编辑 編輯
    """,
    Answer.LATER: """
        later claim mine später meins tard después luego dopo later depois później senare senere myöhemmin později
        spaeter позже 後で 稍后 稍後
    """,
}
FREE = {word: answer for answer, words in _FREE.items() for word in words.split()}
BOUND = {word: answer for answer, words in _BOUND.items() for word in words.split()}
ANSWERS = {**BOUND, **FREE}

# What may follow a bound word.
POLITE = _words(
    """
    aub author bedankt bitte danke das diese diesen dit dziękuję díky email esto favor favore for gracias grazie her
    him it kiitos mail me merci now obrigado one per please pls por post proszę prosím questo sender snäll svp så
    tack tak takk thank thanks that the them this vær you ça пожалуйста спасибо
    """
)
# What turns an approval round, or makes a "no" something else.
DOUBTS = _words(
    """
    aber ale but delete discard don't dont don’t ei except however if ikke inte junk kein keine ma maar mais mas men
    mutta nao ne never nicht nie niet no non nor not não pas pero però reject sauf spam unless не но
    """
)
HARMLESS_NO = _words(
    """
    bother clue comment doubt hurry idea issue issues matter need objection objections prob problem problemo
    problems probs reason rush trouble worries
    """
)
REST = _words(
    """
    all loput ostatní others overige pozostałe remaining rest reste resten resto übrige остальные
    """
)
