"""What must never happen, line by line, and the test that shows it: none may get lost when tests are moved."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

LINES = {
    # email interface §5
    "an out-of-office reply releases spam": "test_5_a_strangers_out_of_office_reply_never_releases_held_spam",
    "a bare unsubscribe is distributed": "test_L12_a_bare_unsubscribe_to_the_list_is_never_distributed",
    "an out-of-office mail is distributed": "test_L5_automatic_mail_is_taken_and_dropped",
    "a forged From is subscribed without confirmation": "test_5_a_forged_from_is_never_subscribed_without_confirmation",
    "a signature is taken for a command": "test_5_a_signature_is_never_taken_for_a_command",
    "a moderator's signature is taken for a decision": "test_5_a_moderators_signature_decides_nothing",
    "quoted words are taken for a decision": "test_the_first_own_word_decides_and_nothing_quoted_does",
    "a second moderator's answer makes an error": (
        "test_5_a_second_moderators_answer_makes_no_error_and_says_who_decided"
    ),
    "a second moderator's click makes an error": (
        "test_the_link_in_a_moderators_mail_opens_what_waits_and_changes_nothing_by_itself"
    ),
    "a link scanner unsubscribes a member": "test_W1_scanners_that_get_everything_change_nothing",
    "who was forwarded a mail unsubscribes a member": "test_5_who_was_forwarded_a_mail_unsubscribes_nobody",
    "members are disabled because one post was refused": "test_B4_a_post_that_many_refuse_stops_and_nobody_is_charged",
    "one address is flooded with confirmations": "test_C1_any_number_of_forged_requests_send_one_mail",
    # standards §7
    "C1 others ask for an address again and again": "test_C1_nor_do_requests_by_others_for_the_address",
    "C1 who answered is silenced": "test_C1_who_answered_may_ask_again_at_once",
    "C2 a question counts for ever": "test_C2_a_question_counts_for_three_days",
    "C2 a token counts elsewhere, twice, for ever": (
        "test_C2_a_token_decides_about_its_own_post_once_on_its_own_list_for_fourteen_days"
    ),
    "C2 tokens can be read in the database": "test_only_the_hash_of_a_token_is_stored",
    "C2 wrong tokens can be guessed": "test_C2_wrong_old_and_foreign_tokens_get_the_same_answer_then_silence",
    "C3 automatic mail with a token acts": "test_C3_automatic_mail_with_a_token_confirms_nothing",
    "C3 a token acts from elsewhere": "test_C3_another_address_with_a_token_has_its_owner_asked_once",
    "C3 quoted text commands": "test_C3_no_word_of_a_quote_is_a_command_in_real_replies",
    "C4 a forged From leaves, sets, sees": "test_C4_forged_leave_set_who_and_owner_commands_change_and_show_nothing",
    "C4 owners are changed in silence": "test_C4_owners_are_told_of_each_change_among_them_and_can_take_it_back",
    "C4 the last owner goes": "test_C4_the_last_owner_stays",
    "C5 one client has us write to everybody": "test_C5_a_client_has_us_write_to_so_many_addresses_an_hour",
    "C5 a sender has us answer without end": "test_C5_a_sender_is_answered_thirty_times_an_hour",
    "C5 a list or the site answers without end": (
        "test_C5_a_list_and_the_site_answer_so_many_an_hour_and_others_try_again_later"
    ),
    "C5 a member posts without end": "test_over_the_hourly_rate_posts_wait",
    "C6 a hidden list shows itself": "test_C6_a_hidden_list_and_an_absent_one_get_the_same_answer",
    "C6 membership shows itself": "test_C6_member_or_not_gets_the_same_answer",
    "C7 a stranger's text is mailed on": "test_C7_a_confirmation_repeats_nothing_that_a_stranger_wrote",
    "C7 spam floods the moderators": "test_C7_a_burst_of_held_posts_makes_one_notice_for_the_batch",
}
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M)
}


@pytest.mark.parametrize("line", LINES)
def test_each_line_of_what_must_never_happen_has_its_test(line: str) -> None:
    assert LINES[line] in TESTS
