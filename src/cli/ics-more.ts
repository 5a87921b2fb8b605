import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { InputError, messageOf } from '../core/errors.ts';
import { loadIcs } from '../ics/ics.ts';
import { loadProformas } from '../ics/proforma.ts';
import { loadStandards } from '../standards.ts';
import { say, sayJson } from './text.ts';

/** `plumbline ics page | diff`. */
export function registerMore(ics: Command): void {
  ics
    .command('page')
    .description('write a declaration as a page to read and to file, with its findings')
    .argument('<file>', 'declaration')
    .option('--out <file>', 'where to write the page (default: in the working folder, named after the declaration)')
    .action(async (file: string, words: { out?: string }) => page(file, words.out));
  ics
    .command('diff')
    .description('compare two declarations: items, values, and the cases that come and go')
    .argument('<a>', 'declaration')
    .argument('<b>', 'declaration')
    .option('--json', 'the difference as JSON')
    .action(async (a: string, b: string, words: { json?: true }) => diff(a, b, words.json === true));
}

async function page(file: string, out = `${basename(file).replace(/\.ya?ml$/, '')}.html`): Promise<void> {
  const { icsPage } = await import('../report/page.ts');
  const { icsRecord } = await import('../report/sheet.ts');
  const ics = loadIcs(file);
  try {
    writeFileSync(out, icsPage(ics.declaration.product, icsRecord(ics, false)));
  } catch (e) {
    throw new InputError('page', `cannot be written: ${messageOf(e)}`, { place: { file: out }, cause: e });
  }
  say(out);
  process.exitCode = ics.consistency.consistent ? 0 : 1;
}

async function diff(a: string, b: string, json: boolean): Promise<void> {
  const { diffIcs, icsDifferenceText } = await import('../report/ics-diff.ts');
  const proformas = loadProformas();
  const [from, to] = [loadIcs(a, proformas), loadIcs(b, proformas)];
  const specs = [...new Set([...from.declaration.specs, ...to.declaration.specs])];
  const difference = diffIcs(from, to, await loadStandards(specs));
  if (json) sayJson(difference);
  else say(icsDifferenceText(difference));
}
