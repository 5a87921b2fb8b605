/** What a claim found false; the name is the one by which assertions of a library are known too. */
class Contradiction extends Error {
  readonly expected: string;
  readonly actual: unknown;

  constructor(what: string, observed: unknown, expected: string) {
    super(`${what}: expected ${JSON.stringify(observed) ?? 'nothing'} to be ${expected}`);
    this.name = 'AssertionError';
    this.expected = expected;
    this.actual = observed;
  }
}

/** A claim for which an assertion library has no words: `mustBe(isRest(state), 'state', state, 'a state of rest')`. Throws as such a library does. */
export function mustBe(ok: boolean, what: string, observed: unknown, expected: string): void {
  if (!ok) throw new Contradiction(what, observed, expected);
}

/** The claim that what was received could be decoded; `problem` says why it could not. */
export function mustDecode(problem: string | undefined, what: string): void {
  mustBe(problem === undefined, what, problem, 'something that can be decoded');
}
