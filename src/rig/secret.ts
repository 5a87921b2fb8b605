import { InputError } from '../core/errors.ts';
import { readReference } from '../core/reference.ts';

/** Shorter values are not looked for in texts: they would blot out half of every message. */
const SHORTEST = 4;

/** What a reference stands for; a missing variable or file is an InputError that names it and never shows a value. */
export function readSecret(reference: string): string {
  return readReference(
    reference,
    (message, cause) => new InputError('secret', message, { place: { where: reference }, cause }),
  );
}

/** Knows the secrets of a run and takes them out of everything that leaves the private folder. */
export class Redactor {
  private readonly spellings = new Map<string, string>();

  /** Remembers a secret as it is, in hex and in base64; its name stands in its place. */
  add(secret: string, name: string): void {
    if (secret.length < SHORTEST) return;
    const octets = /^([0-9a-f]{2})+$/i.test(secret) ? Buffer.from(secret, 'hex') : Buffer.from(secret);
    const spellings = [secret, octets.toString('hex'), octets.toString('hex').toUpperCase(), octets.toString('base64')];
    for (const spelling of spellings) this.spellings.set(spelling, `[redacted ${name}]`);
  }

  /** The text with every known spelling of a secret replaced. */
  text(text: string): string {
    let clean = text;
    for (const [spelling, name] of this.spellings) clean = clean.replaceAll(spelling, name);
    return clean;
  }

  /** A copy of plain data with every text in it cleaned, keys too. */
  data<T>(data: T): T {
    return this.spellings.size === 0 ? data : (this.clean(data) as T);
  }

  private clean(data: unknown): unknown {
    if (typeof data === 'string') return this.text(data);
    if (Array.isArray(data)) return data.map((item) => this.clean(item));
    if (typeof data !== 'object' || data === null) return data;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [this.text(key), this.clean(value)]));
  }
}
