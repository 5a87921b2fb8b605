import { readFileSync } from 'node:fs';
import { BenchError, messageOf } from './errors.ts';

/** What an IXIT refers to as `env:NAME` or `file:path`, without space around it. Throws a BenchError with this code that names the reference, never the value. */
export function readReference(reference: string, name: string, code: string): string {
  const [, kind, target = ''] = /^(env|file):(.+)$/s.exec(reference) ?? [];
  const place = { where: `${name} ${reference}` };
  if (kind === 'env') {
    const value = process.env[target];
    if (value !== undefined && value !== '') return value.trim();
    throw new BenchError(code, `the environment variable ${target} is not set`, { place });
  }
  try {
    return readFileSync(target, 'utf8').trim();
  } catch (e) {
    throw new BenchError(code, `cannot be read: ${messageOf(e)}`, { place, cause: e });
  }
}
