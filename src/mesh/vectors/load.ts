import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The vectors of `src/mesh/vectors/NAME.yaml`. They stay with the sources: only tests and checks read them. */
export function loadVectors(name: string): unknown {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return parse(readFileSync(join(folder, 'src/mesh/vectors', `${name}.yaml`), 'utf8'));
}

/** The octets of a hex string. */
export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
