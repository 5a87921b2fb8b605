import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';

/** One run in Allure's history file; only what is read here, the rest is passed on as it is. */
interface Point {
  readonly name: string;
  readonly timestamp: number;
}

/** Runs kept; 60 results take about 65 kB each. */
export const HISTORY_LIMIT = 50;

function isPoint(value: unknown): value is Point {
  return typeof value === 'object' && value !== null && 'name' in value && 'timestamp' in value;
}

function readPoints(file: string): Point[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return isPoint(value) ? [value] : [];
      } catch {
        return [];
      }
    });
}

const asLines = (points: readonly Point[]): string => points.map((p) => `${JSON.stringify(p)}\n`).join('');

/** The history that a report of this run may show: runs that began before it, as the generator wants to read them. */
export function historyBefore(file: string, run: string, startedAt: number): string {
  return asLines(readPoints(file).filter((p) => p.name !== run && p.timestamp < startedAt));
}

/**
 * Puts the point that the generator made for a run into the kept history, at the run's own time and in place of an earlier one, so that making a
 * report again changes nothing. The file is replaced by a rename.
 */
export async function keepPoint(file: string, made: string, run: string, startedAt: number): Promise<void> {
  const last = made.trimEnd().split('\n').at(-1);
  const point: unknown = last === undefined || last === '' ? undefined : JSON.parse(last);
  if (!isPoint(point)) return;
  const points = [...readPoints(file).filter((p) => p.name !== run), { ...point, name: run, timestamp: startedAt }];
  const kept = points.sort((a, b) => a.timestamp - b.timestamp).slice(-HISTORY_LIMIT);
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, asLines(kept));
  await rename(draft, file);
}
