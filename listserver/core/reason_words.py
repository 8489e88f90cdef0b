"""Why a post waits or is refused, in other languages than English: core.policy's findings, by their codes.

The English sentences, which the policy writes, name numbers and addresses too; they stand where a language has none.
"""

from collections.abc import Sequence

from listserver.core.policy import Finding

# code -> (to the author, to a moderator)
_WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "de": {
        "automatic": (
            "Diese Mail nennt sich selbst Massenmail; Listen tragen, was Menschen schreiben.",
            "Sie nennt sich selbst Massenmail (Precedence: bulk).",
        ),
        "misdirected-command": (
            "Diese Mail sieht wie ein Befehl aus. Befehle gehen an die Adresse der Liste mit »-request«.",
            "Sie sieht wie ein Befehl aus, der aus Versehen an die Liste ging.",
        ),
        "unusable-author": (
            "Das Feld »Von« Ihrer Mail hat keine brauchbare Adresse.",
            "Das Feld »Von« hat keine brauchbare Adresse.",
        ),
        "several-authors": (
            "Ihre Mail nennt mehrere Absender, und nicht alle sind Mitglieder der Liste.",
            "»Von« nennt mehrere Absender, und nicht alle sind Mitglieder.",
        ),
        "not-a-member": (
            "An diese Liste schreiben ohne Durchsicht nur Mitglieder, und Ihre Adresse ist nicht dabei.",
            "Die Absenderadresse gehört keinem Mitglied.",
        ),
        "forged": (
            "Diese Mail besteht die DMARC-Prüfung Ihrer Domain nicht, oder sie war gerade nicht möglich.",
            "DMARC: Vielleicht ist die Mail nicht von der Person, die sie nennt.",
        ),
        "disguised": (
            "Der Name im Feld »Von« enthält eine andere Adresse als Ihre.",
            "Der Name im Feld »Von« zeigt eine andere Adresse als die wirkliche.",
        ),
        "moderated": (
            "Beiträge an diese Liste, oder Ihre, sieht zuerst die Moderation an.",
            "Die Beiträge dieser Liste oder dieses Mitglieds werden moderiert.",
        ),
        "first-post": (
            "Sie sind neu hier. Die ersten Beiträge sieht die Moderation an; spätere gehen gleich hinaus.",
            "Das ist einer der ersten Beiträge eines neuen Mitglieds.",
        ),
        "over-rate": (
            "In kurzer Zeit kamen mehr Beiträge, als die Liste ohne Durchsicht verschickt.",
            "In kurzer Zeit kamen mehr Beiträge, als die Liste ohne Durchsicht verschickt.",
        ),
        "not-addressed": (
            "Ihre Mail nennt die Liste weder bei »An« noch bei »Kopie«, oder zu viele andere Adressen.",
            "Sie nennt die Liste weder bei »An« noch bei »Kopie«, oder zu viele andere Adressen.",
        ),
        "no-plain-text": (
            "Diese Liste möchte reinen Text, und Ihre Mail hat nur HTML.",
            "Sie hat nur HTML.",
        ),
        "empty": (
            "Ihre Mail hat keinen Text. Vielleicht ging sie aus Versehen hinaus.",
            "Sie hat weder Text noch Anhang.",
        ),
        "empty-subject": (
            "Ihre Mail hat keinen Betreff. Ein paar Worte dort helfen anderen, sie zu finden.",
            "Sie hat keinen Betreff.",
        ),
        "unchangeable": (
            "Ihre Mail ist signiert oder verschlüsselt, und die Liste hängt an Beiträge einen Text an.",
            "Sie ist signiert oder verschlüsselt; freigegeben geht sie ohne den Text der Liste hinaus.",
        ),
        "odd-structure": (
            "Ihre Mail hat einen Teil, den nur wenige Programme lesen können.",
            "Sie hat einen Teil, den nur wenige Programme lesen können.",
        ),
    },
    "fr": {
        "automatic": (
            "Ce courriel se dit lui-même envoi en masse ; les listes portent ce que des gens écrivent.",
            "Il se dit lui-même envoi en masse (Precedence: bulk).",
        ),
        "misdirected-command": (
            "Ce courriel ressemble à une commande. Les commandes vont à l'adresse de la liste avec « -request ».",
            "Il ressemble à une commande, envoyée à la liste par erreur.",
        ),
        "unusable-author": (
            "Le champ « De » de votre courriel n'a pas d'adresse utilisable.",
            "Le champ « De » n'a pas d'adresse utilisable.",
        ),
        "several-authors": (
            "Votre courriel nomme plusieurs auteurs, et tous ne sont pas membres de la liste.",
            "« De » nomme plusieurs auteurs, et tous ne sont pas membres.",
        ),
        "not-a-member": (
            "Seuls les membres écrivent à cette liste sans relecture, et votre adresse n'en est pas.",
            "L'adresse de l'auteur n'est pas celle d'un membre.",
        ),
        "forged": (
            "Ce courriel ne passe pas le contrôle DMARC de votre domaine, ou il n'a pas pu être fait.",
            "DMARC : ce courriel ne vient peut-être pas de la personne qu'il nomme.",
        ),
        "disguised": (
            "Le nom dans le champ « De » contient une autre adresse que la vôtre.",
            "Le nom dans le champ « De » montre une autre adresse que la vraie.",
        ),
        "moderated": (
            "Les messages à cette liste, ou les vôtres, sont d'abord lus par un modérateur.",
            "Les messages de cette liste ou de ce membre sont modérés.",
        ),
        "first-post": (
            "Vous êtes nouveau ici. Un modérateur lit les premiers messages ; les suivants partent aussitôt.",
            "C'est l'un des premiers messages d'un nouveau membre.",
        ),
        "over-rate": (
            "En peu de temps, il est venu plus de messages que la liste n'en envoie sans relecture.",
            "En peu de temps, il est venu plus de messages que la liste n'en envoie sans relecture.",
        ),
        "not-addressed": (
            "Votre courriel ne nomme la liste ni dans « À » ni dans « Cc », ou nomme trop d'autres adresses.",
            "Il ne nomme la liste ni dans « À » ni dans « Cc », ou nomme trop d'autres adresses.",
        ),
        "no-plain-text": (
            "Cette liste souhaite du texte simple, et votre courriel n'a que du HTML.",
            "Il n'a que du HTML.",
        ),
        "empty": (
            "Votre courriel n'a pas de texte. Il est peut-être parti par erreur.",
            "Il n'a ni texte ni pièce jointe.",
        ),
        "empty-subject": (
            "Votre courriel n'a pas d'objet. Quelques mots y aident les autres à le retrouver.",
            "Il n'a pas d'objet.",
        ),
        "unchangeable": (
            "Votre courriel est signé ou chiffré, et la liste ajoute un texte aux messages.",
            "Il est signé ou chiffré ; accepté, il part sans le texte de la liste.",
        ),
        "odd-structure": (
            "Votre courriel a une partie que peu de programmes savent lire.",
            "Il a une partie que peu de programmes savent lire.",
        ),
    },
}


# code -> to the author of a post that is refused, where that is another thing than that it waits
_REFUSED: dict[str, dict[str, str]] = {
    "de": {
        "loop": "Diese Mail wurde sehr oft weitergereicht: Sie scheint sich im Kreis zu drehen.",
        "unusable-author": "Diese Mail hat zwei Felder »Von«, und niemand kann wissen, von wem sie ist.",
        "banned": "Beiträge von Ihrer Adresse nimmt diese Liste nicht an. Warum, weiß, wer die Liste leitet.",
        "not-a-member": (
            "An diese Liste schreiben nur Mitglieder, und Ihre Adresse ist nicht dabei. Vielleicht sind Sie mit einer "
            "anderen Mitglied; dann schreiben Sie von dort."
        ),
        "moderators-only": "An diese Liste schreibt nur die Moderation.",
        "forged": (
            "Diese Mail besteht die DMARC-Prüfung Ihrer Domain nicht. Schicken Sie sie bitte über den Mailserver "
            "Ihrer eigenen Domain."
        ),
        "too-big": (
            "Ihre Mail ist größer, als diese Liste annimmt. Legen Sie große Dateien bitte dorthin, wo andere sie holen "
            "können, und schicken Sie einen Link."
        ),
        "forbidden-attachment": (
            "Anhänge dieser Art nimmt die Liste nicht an. Schicken Sie die Mail bitte ohne, oder einen Link."
        ),
    },
    "fr": {
        "loop": "Ce courriel a été transmis un très grand nombre de fois : il semble tourner en rond.",
        "unusable-author": "Ce courriel a deux champs « De » : personne ne peut savoir de qui il est.",
        "banned": "Cette liste n'accepte pas les messages de votre adresse. Ses responsables savent pourquoi.",
        "not-a-member": (
            "Seuls les membres écrivent à cette liste, et votre adresse n'en est pas. Vous êtes peut-être membre avec "
            "une autre adresse ; écrivez alors depuis celle-là."
        ),
        "moderators-only": "Seuls ses modérateurs écrivent à cette liste.",
        "forged": (
            "Ce courriel ne passe pas le contrôle DMARC de votre domaine. Envoyez-le par le serveur de votre propre "
            "domaine."
        ),
        "too-big": (
            "Votre courriel est plus grand que ce que cette liste accepte. Mettez les gros fichiers là où d'autres "
            "peuvent les chercher, et envoyez un lien."
        ),
        "forbidden-attachment": (
            "Cette liste n'accepte pas les pièces jointes de ce genre. Envoyez le courriel sans elles, ou avec un lien."
        ),
    },
}


def to_author(findings: Sequence[Finding], language: str) -> tuple[str, ...]:
    """Why, as the author is told."""
    words = _WORDS.get(language, {})
    return tuple(words[f.code][0] if f.code in words else f.author for f in findings)


def to_moderator(findings: Sequence[Finding], language: str) -> tuple[str, ...]:
    """Why, as moderators are told."""
    words = _WORDS.get(language, {})
    return tuple(words[f.code][1] if f.code in words else f.moderator for f in findings)


def of_refusal(reasons: Sequence[tuple[str, str]], language: str) -> tuple[str, ...]:
    """Why a post was refused, as its author is told. reasons: code and English sentence of each finding."""
    refused, words = _REFUSED.get(language, {}), _WORDS.get(language, {})
    return tuple(refused.get(code) or (words[code][0] if code in words else sentence) for code, sentence in reasons)
