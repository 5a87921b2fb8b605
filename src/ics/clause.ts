/** A place in a document in a sentence: `clause 2.1.1`, `table 3`; nothing for none. */
export function clauseText(clause: string): string {
  return /^\d/.test(clause) ? `clause ${clause}` : clause;
}
