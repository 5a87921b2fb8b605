import { readFileSync } from 'node:fs';
import { BenchError, messageOf } from './errors.ts';

/** Keys and codes come by reference only: from an environment variable or a file that the user keeps. */
const REFERENCE = /^(env|file):(.+)$/s;

/** Whether a value of the rig file or of the IXIT is a reference to a secret or to a file. */
export function isReference(value: string): boolean {
  return REFERENCE.test(value);
}

/**
 * What `env:NAME` or `file:path` stands for, without space around it. Throws what `fault` makes of a variable or a file that is missing; its
 * text never shows a value.
 */
export function readReference(reference: string, fault: (message: string, cause?: unknown) => Error): string {
  const [, kind, target = ''] = REFERENCE.exec(reference) ?? [];
  if (kind === 'env') {
    const value = process.env[target]?.trim() ?? '';
    if (value === '') throw fault(`the environment variable ${target} is not set`);
    return value;
  }
  try {
    return readFileSync(target, 'utf8').trim();
  } catch (e) {
    throw fault(`cannot be read: ${messageOf(e)}`, e);
  }
}

/** The same for the IXIT value of this name: a BenchError with this code says what is missing. */
export function readIxitReference(reference: string, name: string, code: string): string {
  const place = { where: `${name} ${reference}` };
  return readReference(reference, (message, cause) => new BenchError(code, message, { place, cause }));
}
