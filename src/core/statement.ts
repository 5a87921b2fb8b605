/** One testable sentence of a standard (a row of `ics/statements/*.yaml`). */
export interface Statement {
  /** `OCFSWU-T3.sva`: spec, place, what. */
  readonly id: string;
  /** Place in the seed document. */
  readonly place: string;
  /** The sentence in our own words. */
  readonly text: string;
}
