import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooled } from '../prove/pooled.ts';
import { review } from './exercise.ts';
import { OTHER_SEEDED } from './others.ts';
import { SEEDED } from './seeded.ts';

/** Runs at a time; they mostly wait. */
const WIDTH = 5;
/** Every device has an identity of its own, by which devices on one network are told apart. */
const FIRST_SEED = 3000;

/**
 * The review exercise: from the first screen of each verdict card an engineer must be able to name the violated statement and the packet that shows it.
 * With `--cards` it prints the cards too, with words only those of these faults. Exit code 1 where a card falls short.
 */
async function main(words: readonly string[]): Promise<number> {
  const cards = words.includes('--cards');
  const names = words.filter((word) => !word.startsWith('--'));
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-review-'));
  const began = performance.now();
  try {
    const chosen = [...SEEDED, ...OTHER_SEEDED].filter((s) => names.length === 0 || names.includes(s.fault));
    const reviewed = await pooled(
      chosen.map((seeded, i) => ({ seeded, seed: FIRST_SEED + i })),
      WIDTH,
      (x) => review(x.seeded, x.seed, folder),
    );
    for (const { seeded, text, shortfalls } of reviewed) {
      process.stdout.write(`${shortfalls.length === 0 ? 'good' : 'SHORT'}  ${seeded.case}  ${seeded.fault}\n`);
      for (const shortfall of shortfalls) process.stdout.write(`       ${shortfall}\n`);
      if (cards) process.stdout.write(`${text}\n`);
    }
    const short = reviewed.filter((r) => r.shortfalls.length > 0).length;
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stdout.write(`${reviewed.length} cards, ${short} fall short, ${seconds} s\n`);
    return short === 0 && reviewed.length > 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
