import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An `ics/` folder with the proforma of the fake standard; `PLUMBLINE_ICS` must name it while it is used. */
export function writeProforma(folder: string): string {
  const ics = join(folder, 'ics');
  mkdirSync(join(ics, 'proformas'), { recursive: true });
  mkdirSync(join(ics, 'statements'), { recursive: true });
  writeFileSync(
    join(ics, 'proformas', 'fake.yaml'),
    `spec: FAKE
title: Standard of three words
document: A standard for tests
tables:
  1:
    title: Words
    items:
      1: { capability: Understands set, clause: F-1, status: M }
ixit: {}
policies: {}
`,
  );
  writeFileSync(
    join(ics, 'statements', 'fake.yaml'),
    `spec: FAKE
statements:
  - { id: FAKE-1.set, place: F-1, text: A value that is set is read back., judged: by reading it }
  - { id: FAKE-1.answers, place: F-1, text: The device answers., judged: by asking }
`,
  );
  return ics;
}

/** A declaration for it. */
export function writeDeclaration(folder: string, answer: 'yes' | 'no' = 'yes'): string {
  const file = join(folder, `declaration-${answer}.yaml`);
  writeFileSync(
    file,
    `product: { vendor: Example, name: Lamp, version: 1.0.0 }\nics: { FAKE: { "1/1": ${answer} } }\n`,
  );
  return file;
}
