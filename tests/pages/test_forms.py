"""Forms are adopted: everything they ask for is known, every change is listed, and nothing else changes."""

import pytest

from lander.document import Document, Edits
from lander.pages.forms import AdoptedForm, adopt_forms, apply_form, list_left_alone
from lander.published import FormField


def adopt(source: str, *, enable_submit: bool = True) -> AdoptedForm:
    (form,) = adopt_forms(Document(source), enable_submit=enable_submit)
    return form


def fields(inside: str) -> list[FormField]:
    return list(adopt(f"<form>{inside}<button>Go</button></form>").form.fields)


def applied(source: str, *, enable_submit: bool = True) -> str:
    document = Document(source)
    edits = Edits(document)
    for form in adopt_forms(document, enable_submit=enable_submit):
        apply_form(edits, form)
    return edits.text()


READY = '<form action="/_l/f" method="post">'


@pytest.mark.parametrize(
    ("control", "name"),
    [
        ("<input id=emailAddress type=email>", "emailAddress"),
        ("<input id='your email!' type=email>", "your_email"),
        ("<input autocomplete='section-a given-name'>", "given-name"),
        ("<input type=email autocomplete=off>", "email"),
        ("<input type=tel>", "phone"),
        ("<label>Your company's name <input></label>", "your_company_s_name"),
        ("<input placeholder='Postal code'>", "postal_code"),
        ("<textarea></textarea>", "field"),
        ("<input type=checkbox>", "choice"),
        ("<input name=' ' id=x>", "x"),
    ],
)
def test_a_field_without_a_name_gets_one(control: str, name: str) -> None:
    form = adopt(f"<form>{control}<button>Go</button></form>")
    assert form.form.fields[0].name == name
    assert any(f"called '{name}'" in sentence for sentence in form.sentences)
    assert f'name="{name}"' in applied(f"<form>{control}<button>Go</button></form>")


def test_a_field_with_a_name_keeps_it() -> None:
    source = READY + "<input name=Email_1 type=email><button>Go</button></form>"
    assert fields("<input name=Email_1 type=email>")[0].name == "Email_1"
    assert applied(source) == source


def test_equal_names_get_a_number() -> None:
    assert [
        item.name for item in fields("<input type=email><input type=email><input name=email-2><input type=email>")
    ] == [
        "email",
        "email-3",
        "email-2",
        "email-4",
    ]


def test_names_that_lander_needs_are_given_up() -> None:
    form = adopt("<form><input name=_form><input name=lander_website><button>Go</button></form>")
    assert [item.name for item in form.form.fields] == ["page_form", "page_lander_website"]
    assert any("'_form', which Lander needs itself" in sentence for sentence in form.sentences)


@pytest.mark.parametrize(
    ("control", "kind"),
    [
        ("<input type=EMAIL name=a>", "email"),
        ("<input name=work_email>", "email"),
        ("<input name=a autocomplete='work email'>", "email"),
        ("<label>E-Mail<input name=a></label>", "email"),
        ("<input type=tel name=a>", "phone"),
        ("<input name=mobileNumber>", "phone"),
        ("<input name=a autocomplete=tel-national>", "phone"),
        ("<input name=firma>", "company"),
        ("<input name=companyName>", "company"),
        ("<input name=a autocomplete=organization>", "company"),
        ("<input name=first_name>", "name"),
        ("<label>Ihr Name<input name=a></label>", "name"),
        ("<input name=a placeholder='How did you hear our company name, if at all?'>", "text"),
        ("<input name=filename>", "text"),
        ("<input type=number name=phone>", "text"),
        ("<textarea name=email></textarea>", "text"),
        ("<select name=email><option>a</select>", "choice"),
        ("<input type=checkbox name=a>", "choice"),
        ("<button name=plan value=pro>Pro</button>", "choice"),
        ("<input type=hidden name=email>", "hidden"),
        ("<input type=password name=a>", "password"),
        ("<input type=file name=a>", "file"),
        ("<input name=cardNumber>", "card"),
        ("<input name=a autocomplete=cc-number>", "card"),
        ("<input type=nonsense name=a>", "text"),
    ],
)
def test_it_knows_what_a_field_asks_for(control: str, kind: str) -> None:
    assert fields(control)[0].kind == kind


@pytest.mark.parametrize(
    ("control", "what"),
    [("type=password", "a password"), ("type=file", "a file"), ("autocomplete=cc-csc", "a payment card")],
)
def test_what_a_page_never_asks_for_is_a_problem(control: str, what: str) -> None:
    form = adopt(f"<form>\n<input name=secret {control}><button>Go</button></form>")
    assert form.problems == (f"'Secret' in line 2 asks for {what}. Landing pages never do: take the field out.",)


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("<label for=x>Your <b>name</b></label><input id=x name=a>", "Your name"),
        ("<label>Your name <input name=a></label>", "Your name"),
        ("<label>Size <select name=a><option>Large</select></label>", "Size"),
        ("<span id=l>Your name</span><input name=a aria-labelledby=l>", "Your name"),
        ("<input name=a aria-label='Your name' placeholder=x>", "Your name"),
        ("<input name=a placeholder=' Your  name '>", "Your name"),
        ("<input name=yourName>", "Your name"),
        ("<label for=x></label><input id=x name=a placeholder='Your name'>", "Your name"),
    ],
)
def test_a_field_has_the_label_that_a_visitor_reads(source: str, label: str) -> None:
    assert fields(source)[0].label == label


def test_choices_come_with_their_options() -> None:
    chosen = fields(
        "<select name=size><option value=''>Choose…<option>Small<option value=L>Large<option disabled>Huge</select>"
        "<fieldset><legend>Plan</legend><input type=radio name=plan value=a><input type=radio name=plan value=b required>"
        "</fieldset><input type=checkbox name=topic value=x><input type=checkbox name=topic>"
    )
    assert [(item.name, item.options, item.required) for item in chosen] == [
        ("size", ("Small", "L"), False),
        ("plan", ("a", "b"), True),
        ("topic", ("x", "on"), False),
    ]
    assert chosen[1].label == "Plan"


def test_nameless_radio_buttons_of_one_group_are_one_question() -> None:
    source = (
        "<form><fieldset><legend>Your plan</legend><label><input type=radio value=a>A</label>"
        "<label><input type=radio value=b id=b>B</label></fieldset>"
        "<fieldset><legend>Your plan</legend><input type=radio value=c></fieldset><button>Go</button></form>"
    )
    assert [(item.name, item.options) for item in adopt(source).form.fields] == [
        ("your_plan", ("a", "b")),
        ("your_plan-2", ("c",)),
    ]


def test_lengths_and_requirements_come_from_the_markup() -> None:
    source = "<input name=a required maxlength=20><textarea name=b maxlength=9000></textarea><input name=c required disabled>"
    assert [(item.required, item.max_length) for item in fields(source)] == [(True, 20), (False, 500), (False, 500)]


@pytest.mark.parametrize("hint", ["data-sb-validations='required,email'", "aria-required=true"])
def test_what_a_script_required_is_required_by_the_browser(hint: str) -> None:
    source = f"<form><input name=email type=email {hint}><button>Go</button></form>"
    form = adopt(source)
    assert form.form.fields[0].required
    assert "'Email' (line 1) was required by a script; now the browser asks for it." in form.sentences
    assert 'required=""' in applied(source)


@pytest.mark.parametrize(
    "source",
    [
        "<label><input type=checkbox name=ok required> I agree to the <a href=x>privacy notice</a></label>",
        "<input type=checkbox id=ok><label for=ok>I agree to the privacy notice</label>",
        "<input type=checkbox name=dsgvo aria-label='I agree to the privacy notice'>",
    ],
)
def test_the_consent_text_is_the_label_of_its_box(source: str) -> None:
    form = adopt(f"<form><input name=email>{source}<button>Go</button></form>").form
    assert form.consent_text == "I agree to the privacy notice"
    assert form.fields[1].label == form.consent_text


def test_of_two_consent_boxes_the_required_one_counts() -> None:
    form = adopt(
        "<form><label><input type=checkbox name=n>Send me the newsletter</label>"
        "<label><input type=checkbox name=p required>Privacy</label><button>Go</button></form>"
    ).form
    assert form.consent_text == "Privacy"


def test_a_box_about_something_else_is_no_consent() -> None:
    source = "<form><label><input type=checkbox name=a>Large</label><button>Go</button></form>"
    assert adopt(source).form.consent_text == ""


def test_a_form_comes_to_us_and_every_change_is_said() -> None:
    source = (
        '<form action="https://crm.example/in" method=GET enctype=multipart/form-data target=_blank><input name=email>'
        "<button formaction=/elsewhere formmethod=get>Go</button></form>"
    )
    assert applied(source) == ('<form action="/_l/f" method="post"><input name=email><button>Go</button></form>')
    said = " ".join(adopt(source).sentences)
    for words in ("was sent to https://crm.example/in", "method post", "no enctype", "no target", "no formaction"):
        assert words in said


def test_a_form_that_is_ours_already_stays_as_it_is() -> None:
    source = READY + "<input name=email><button>Go</button></form>"
    assert applied(source) == source


@pytest.mark.parametrize(
    ("button", "enabled", "words"),
    [
        ("<button disabled>Go</button>", "<button>Go</button>", "attribute disabled"),
        ("<button class='btn disabled big'>Go</button>", '<button class="btn big">Go</button>', "class disabled"),
        ("<input type=submit class=disabled disabled>", '<input type=submit class="">', "attribute disabled and class"),
    ],
)
def test_a_submit_button_that_is_switched_off_is_switched_on(button: str, enabled: str, words: str) -> None:
    source = f"{READY}<input name=email>{button}</form>"
    assert applied(source) == f"{READY}<input name=email>{enabled}</form>"
    assert any(words in sentence and "switched on" in sentence for sentence in adopt(source).sentences)


def test_a_switched_off_submit_button_can_be_kept_and_is_said() -> None:
    source = f"{READY}<input name=email><button disabled>Go</button></form>"
    assert applied(source, enable_submit=False) == source
    assert "nobody can send this form" in adopt(source, enable_submit=False).notes[0]


def test_other_buttons_stay_as_they_are() -> None:
    source = (
        f"{READY}<input name=email><button type=button class=disabled disabled>x</button><button>Go</button></form>"
    )
    assert applied(source) == source


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<form data-lander=off><input type=password></form>", 'data-lander="off"'),
        ("<form method=dialog><button>Close</button></form>", "closes a dialog"),
        ("<form role=search action=/find><input name=q></form>", "a search form"),
        ("<form action=/find><input type=search name=q></form>", "a search form"),
    ],
)
def test_some_forms_are_left_alone_and_it_is_said(source: str, reason: str) -> None:
    assert adopt_forms(Document(source), enable_submit=True) == []
    assert applied(source) == source
    (sentence,) = list_left_alone(Document(source))
    assert "The form in line 1 is left alone" in sentence
    assert reason in sentence


def test_keys_count_all_forms_so_leaving_one_alone_renames_none() -> None:
    form = "<form><input name=email><button>Go</button></form>"
    off = form.replace("<form>", "<form data-lander=off>")
    assert [item.form.key for item in adopt_forms(Document(form + form), enable_submit=True)] == ["f1", "f2"]
    assert [item.form.key for item in adopt_forms(Document(off + form), enable_submit=True)] == ["f2"]


@pytest.mark.parametrize("around", ["template", "noscript"])
def test_what_may_never_be_on_the_page_is_not_required(around: str) -> None:
    name, company = fields(f"<input name=name required><{around}><input name=company required></{around}>")
    assert (name.required, company.required) == (True, False)


def test_fields_behind_an_end_tag_inside_another_element_still_belong_to_the_form() -> None:
    form = adopt("<form><div><input name=name></form><input name=email></div><input name=not-ours>")
    assert [item.name for item in form.form.fields] == ["name", "email"]


def test_fields_elsewhere_that_name_the_form_belong_to_it() -> None:
    source = (
        "<input name=a form=f><form id=f><input name=b><input name=c form=other><button>Go</button></form>"
        "<textarea name=d form=f></textarea>"
    )
    assert [item.name for item in adopt(source).form.fields] == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<div><form><input name=email><button>Go</button></div>", "is never closed"),
        ("<form><input type=hidden name=a><button>Go</button></form>", "asks for nothing"),
        ("<form><input name=a><button>Go</button><noscript></form></noscript><p>", "closed inside <noscript>"),
        ("<form><input name=a><noscript><button>Go</button></form></noscript>", "closed inside <noscript>"),
    ],
)
def test_broken_forms_are_a_problem(source: str, words: str) -> None:
    assert any(words in problem for problem in adopt(source).problems)


@pytest.mark.parametrize(
    "source",
    [
        "<form><input name=a><noscript><p>Hello</p></noscript><button>Go</button></form>",
        "<form><input name=a><button>Go</button><noscript><p>Hello</noscript></form>",
        "<noscript><form><input name=a><button>Go</button></form></noscript>",
    ],
)
def test_a_form_that_ends_where_it_began_is_fine_beside_noscript(source: str) -> None:
    assert adopt(source).problems == ()


def test_a_form_in_a_form_is_a_problem() -> None:
    forms = adopt_forms(Document("<form><input name=a><form><input name=b></form></form>"), enable_submit=True)
    assert any("stands inside another form" in problem for form in forms for problem in form.problems)


def test_parts_go_before_the_end_tag() -> None:
    document = Document(f"{READY}<input name=a><button>Go</button></form>")
    edits, slot = Edits(document), object()
    (form,) = adopt_forms(document, enable_submit=True)
    apply_form(edits, form, at_end=("<i>", slot, "</i>"))
    assert edits.apply() == (f"{READY}<input name=a><button>Go</button><i>", slot, "</i></form>")


def test_a_form_without_a_button_is_worth_a_note() -> None:
    assert "no submit button" in adopt("<form><input name=a></form>").notes[0]


def test_the_report_of_a_form_is_plain_data() -> None:
    entry = adopt("<form><input type=email required><button disabled>Go</button></form>").as_json()
    assert entry["key"] == "f1"
    assert entry["fields"] == [{"name": "email", "kind": "email", "label": "Email", "required": True}]
    assert len(entry["changes"]) == 4
