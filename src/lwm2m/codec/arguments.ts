/** One argument of Execute: a digit, and a text where one is given (LwM2M core, ABNF of the arguments). */
export interface Argument {
  readonly digit: number;
  readonly text?: string;
}

const ARGUMENT = /^(\d)(?:='([\x21\x23-\x26\x28-\x5b\x5d-\x7e]*)')?$/;

/** Reads a list of arguments; undefined where the text is none. The empty text is the empty list. */
export function decodeArguments(text: string): readonly Argument[] | undefined {
  if (text === '') return [];
  const found: Argument[] = [];
  // A comma is allowed within a text, so the list cannot simply be cut at commas.
  for (const part of text.match(/\d(?:='[^']*')?(?=,|$)|[^,]+|(?<=^|,)(?=,|$)/g) ?? [text]) {
    const parts = ARGUMENT.exec(part);
    if (parts === null) return undefined;
    found.push({ digit: Number(parts[1]), ...(parts[2] === undefined ? {} : { text: parts[2] }) });
  }
  return encodeArguments(found) === text ? found : undefined;
}

/** `0='x',1` */
export function encodeArguments(list: readonly Argument[]): string {
  return list.map(({ digit, text }) => (text === undefined ? String(digit) : `${digit}='${text}'`)).join(',');
}
