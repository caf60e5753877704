"""Every code of the table of problems has a test against real servers, or a reason why none can have one.

A test is named after its code, maybe with more words after it: TEST_F(DnsDiagnosis, dns_not_found). A new code fails here
until it has one.
"""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Codes that a test of another subject meets at a real server: where.
ELSEWHERE = {
    "ca_paused": "tests/integration/order_relay_test.cc",
    "ca_rejected_identifier": "tests/integration/order_job_test.cc",
    "ca_account_invalid": "tests/integration/several_cas_test.cc",
    "ca_rate_limited": "tests/integration/order_relay_test.cc",
    "ca_unavailable": "tests/integration/order_relay_test.cc",
    "ca_refused": "tests/integration/order_relay_test.cc",
    "challenge_not_seen": "tests/integration/order_relay_test.cc",
    "mpic_disagree": "tests/integration/order_relay_test.cc",
}
# Codes that no server can bring about: the test that meets them, and why it needs none.
NO_SERVER = {
    "tls_unreachable": ("src/issuance/ca_problem_test.cc", "only a CA says it, of its own look at port 443"),
    "tls_wrong_response": ("src/issuance/ca_problem_test.cc", "only a CA says it, of its own look at port 443"),
    "certificate_expired": ("src/diagnosis/status_test.cc", "time alone brings it about"),
    "deploy_partial": ("src/issuance/order_job_test.cc", "says how far our edges are"),
    "renewal_failing": ("src/diagnosis/status_test.cc", "stands round the code of the order that fails"),
    "suspended": ("src/endpoints/lifecycle_test.cc", "the operator's word"),
    "superseded": ("src/issuance/order_job_test.cc", "the names of the endpoint changed"),
    "internal_error": ("src/diagnosis/dns_check_test.cc", "stands for a code that is not in the table"),
}


def codes():
    text = (ROOT / "src/diagnosis/problems.cc").read_text(encoding="utf-8")
    return re.findall(r'Row\{"([a-z0-9_]+)"', text)


def tests():
    """Code -> body of each test that is named after one."""
    bodies = {}
    known = sorted(codes(), key=len, reverse=True)
    for file in sorted((ROOT / "tests/integration").glob("diagnosis_*_test.cc")):
        parts = re.split(r"^TEST_F\(\w+, (\w+)\)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for name, body in zip(parts[1::2], parts[2::2]):
            code = next((each for each in known if name == each or name.startswith(each + "_")), None)
            if code:
                bodies[code] = bodies.get(code, "") + body
    return bodies


class ProblemCodesTest(unittest.TestCase):
    def test_the_table_is_read(self):
        self.assertGreater(len(codes()), 50)
        self.assertEqual(len(codes()), len(set(codes())))

    def test_every_code_has_a_test_or_a_reason(self):
        missing = set(codes()) - tests().keys() - ELSEWHERE.keys() - NO_SERVER.keys()
        self.assertFalse(missing, f"write TEST_F(..., <code>) in tests/integration/diagnosis_*_test.cc for {sorted(missing)}")

    def test_a_test_asks_for_the_code_that_it_is_named_after(self):
        for code, body in tests().items():
            self.assertIn(f'"{code}"', body, code)

    def test_what_is_met_elsewhere_is_there(self):
        elsewhere = [*ELSEWHERE.items(), *((code, file) for code, (file, _) in NO_SERVER.items())]
        for code, file in elsewhere:
            text = (ROOT / file).read_text(encoding="utf-8")
            self.assertTrue(f'"{code}"' in text, f"{code} is not in {file}")

    def test_no_exception_outlives_its_need(self):
        self.assertFalse((ELSEWHERE.keys() | NO_SERVER.keys()) & tests().keys(), "has a test now")
        self.assertFalse((ELSEWHERE.keys() | NO_SERVER.keys()) - set(codes()), "is no code any more")


if __name__ == "__main__":
    unittest.main()
