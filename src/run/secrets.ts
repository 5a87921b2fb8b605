import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf } from '../core/errors.ts';
import type { IxitValue } from '../core/ixit.ts';
import { isReference } from '../core/reference.ts';
import { readSecret, type Redactor } from '../rig/secret.ts';

/** IXIT references also name images; a secret is short. */
const LONGEST_SECRET = 4_096;
/** In the private folder of a run. */
const FILE = 'secrets.json';
const SALT_OCTETS = 16;

/** Declared values, and entries of a rig, that may refer to secrets. */
export type Values = readonly Readonly<Record<string, IxitValue>>[];

interface Secret {
  readonly name: string;
  readonly reference: string;
  readonly secret: string;
}

/** A secret by which it can be known again, not told. */
interface Fingerprint {
  readonly name: string;
  readonly reference: string;
  readonly salt: string;
  readonly digest: string;
}

function digestOf(secret: string, salt: string): string {
  return createHash('sha256').update(`${salt}\n${secret}`).digest('hex');
}

/** What short values stand behind references; one that is not there is passed over: whoever needs it will say so. */
function secretsOf(values: Values): Secret[] {
  return values.flatMap((record) =>
    Object.entries(record).flatMap(([name, reference]) => {
      if (typeof reference !== 'string' || !isReference(reference)) return [];
      const secret = read(reference);
      return secret === undefined || secret.length > LONGEST_SECRET ? [] : [{ name, reference, secret }];
    }),
  );
}

function read(reference: string): string | undefined {
  try {
    return readSecret(reference);
  } catch {
    return undefined;
  }
}

/** Lets the redactor know the secrets behind references. */
export function learnSecrets(redactor: Redactor, values: Values): void {
  for (const { name, secret } of secretsOf(values)) redactor.add(secret, name);
}

/** Keeps in the run's private folder by what the secrets of the run can be known again, so that a later report redacts all of them or shows nothing. */
export function keepFingerprints(privateDir: string, values: Values): void {
  const file = join(privateDir, FILE);
  const prints = secretsOf(values).map(({ name, reference, secret }): Fingerprint => {
    const salt = randomBytes(SALT_OCTETS).toString('hex');
    return { name, reference, salt, digest: digestOf(secret, salt) };
  });
  try {
    writeFileSync(file, `${JSON.stringify(prints, null, 2)}\n`, { mode: 0o600 });
  } catch (e) {
    throw new BenchError('secrets', `cannot be written: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}

/** Lets the redactor know the secrets of a stored run. Returns why it cannot know all of them, or undefined. */
export function learnAgain(redactor: Redactor, privateDir: string): string | undefined {
  const file = join(privateDir, FILE);
  if (!existsSync(file)) return `${file}, which tells what must be redacted, is not there`;
  let prints: readonly Fingerprint[];
  try {
    prints = JSON.parse(readFileSync(file, 'utf8')) as readonly Fingerprint[];
  } catch (e) {
    return `${file}, which tells what must be redacted, cannot be read: ${messageOf(e)}`;
  }
  const unknown = prints.filter(({ name, reference, salt, digest }) => {
    const secret = read(reference);
    if (secret === undefined || digestOf(secret, salt) !== digest) return true;
    redactor.add(secret, name);
    return false;
  });
  if (unknown.length === 0) return undefined;
  const names = unknown.map(({ name, reference }) => `${name} (${reference})`).join(', ');
  return `the run's ${names} cannot be read any more or has changed, so that it could not be redacted`;
}
