import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestResult } from 'allure-js-commons';
import { FileSystemWriter, type ReporterConfig, type Writer } from 'allure-js-commons/sdk/reporter';
import { messageOf, printError } from '../core/errors.ts';
import type { CaseRecord, RunHead, RunRecord } from '../core/record.ts';
import { type AttachmentFile, allureOf, CATEGORIES, deviceName, environmentOf, resultUuid } from './allure.ts';
import { cardOf, cardText, decisiveAttempt, type Sources } from './card.ts';
import { EVENTS_FILE, readEvents } from './evidence.ts';
import { printLine, timelineOf } from './timeline.ts';

/** Name of the capture in an attempt's evidence folder. */
const CAPTURE_FILE = 'capture.pcapng';

/** Where evidence and decoded lines come from, and whether raw evidence may leave the run's private folder. */
export interface Attach extends Sources {
  /** Attach raw events and capture of the decisive attempt too. Off unless the lab asks for it. */
  readonly raw?: boolean;
}

function timelineText(c: CaseRecord, { runDir, print, withheld }: Sources): string | null {
  const attempt = decisiveAttempt(c);
  if (attempt === undefined) return null;
  try {
    const events = readEvents(runDir, attempt);
    if (events === undefined) return null;
    if (withheld !== undefined) return `The decoded lines are not shown: ${withheld}.\n`;
    return `${timelineOf(c.spec, events, print)
      .map((line) => printLine(line))
      .join('\n')}\n`;
  } catch (e) {
    return `${printError(e)}\n`;
  }
}

/** Raw events and capture, where they are and may be shown. */
function rawFiles(c: CaseRecord, attach: Attach, uuid: string): AttachmentFile[] {
  const attempt = decisiveAttempt(c);
  if (attach.raw !== true || attempt === undefined) return [];
  return [
    { file: EVENTS_FILE, type: 'application/x-ndjson', end: 'jsonl' },
    { file: CAPTURE_FILE, type: 'application/vnd.tcpdump.pcap', end: 'pcapng' },
  ].flatMap(({ file, type, end }) => {
    const path = join(attach.runDir, 'private', attempt.evidence, file);
    if (!existsSync(path)) return [];
    return [{ name: file, type, source: `${uuid}-${end}-attachment.${end}`, body: readFileSync(path) }];
  });
}

/** A case as Allure result with the files that belong to it; the same from the child's reporter and from a rebuild. */
export function resultOf(
  c: CaseRecord,
  run: RunHead,
  attach: Attach,
): { result: TestResult; files: readonly AttachmentFile[] } {
  const uuid = resultUuid(c, run);
  const card = cardOf(c, run, attach);
  const timeline = timelineText(c, attach);
  const text = (name: string, body: string | null): AttachmentFile[] =>
    body === null
      ? []
      : [{ name, type: 'text/plain', source: `${uuid}-${name}-attachment.txt`.replace(' ', '-'), body }];
  const files = [
    ...text('verdict card', card === null ? null : cardText(card)),
    ...text('timeline', timeline),
    ...rawFiles(c, attach, uuid),
  ];
  return { result: allureOf(c, run, files, card), files };
}

function writeFiles(dir: string, files: readonly AttachmentFile[]): void {
  mkdirSync(dir, { recursive: true });
  for (const { source, body } of files) writeFileSync(join(dir, source), body);
}

/**
 * Writes results while a run goes on. A file that cannot be written (a full disk) must not throw into mocha, which would neither go on nor end; the results
 * are made anew from the record when the run is over, and that says what is wrong.
 */
class PatientWriter extends FileSystemWriter {
  override writeResult(...args: Parameters<Writer['writeResult']>): void {
    unlessImpossible(() => super.writeResult(...args));
  }

  override writeGroup(...args: Parameters<Writer['writeGroup']>): void {
    unlessImpossible(() => super.writeGroup(...args));
  }

  override writeEnvironmentInfo(...args: Parameters<Writer['writeEnvironmentInfo']>): void {
    unlessImpossible(() => super.writeEnvironmentInfo(...args));
  }

  override writeCategoriesDefinitions(...args: Parameters<Writer['writeCategoriesDefinitions']>): void {
    unlessImpossible(() => super.writeCategoriesDefinitions(...args));
  }
}

function unlessImpossible(write: () => void): void {
  try {
    write();
  } catch (e) {
    process.stderr.write(`the result cannot be written: ${messageOf(e)}\n`);
  }
}

/**
 * Options for allure-mocha in the child of a run: every result that the reporter is about to write is filled from the case record that `lookup`
 * finds by the title of the mocha test. A test without a record (the child died in it) is left as the reporter has it.
 */
export function reporterOptions(
  dir: string,
  run: RunHead,
  lookup: (title: string) => CaseRecord | undefined,
  attach: Attach,
): ReporterConfig & { readonly writer: Writer } {
  return {
    resultsDir: dir,
    // The reporter puts its options over its own writer.
    writer: new PatientWriter({ resultsDir: dir }),
    environmentInfo: environmentOf(run),
    categories: [...CATEGORIES],
    listeners: [
      {
        beforeTestResultWrite(result: TestResult) {
          const found = lookup(result.name ?? '');
          if (found === undefined) return;
          const made = resultOf(found, run, attach);
          writeFiles(dir, made.files);
          for (const key of Object.keys(result)) Reflect.deleteProperty(result, key);
          Object.assign(result, made.result);
        },
      },
    ],
  };
}

/** Writes `allure-results` anew from the record: every case, whether its child reported it or not. */
export function writeResults(dir: string, run: RunRecord, attach: Attach): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const writer = new FileSystemWriter({ resultsDir: dir });
  for (const c of run.cases) {
    const { result, files } = resultOf(c, run, attach);
    writeFiles(dir, files);
    writer.writeResult(result);
  }
  writer.writeEnvironmentInfo(environmentOf(run));
  writer.writeCategoriesDefinitions([...CATEGORIES]);
  writeFileSync(join(dir, 'executor.json'), `${JSON.stringify(executorOf(run))}\n`);
}

/** Who ran it; allure-mocha does not write this. The order makes Allure sort runs by their start. */
function executorOf(run: RunHead): Readonly<Record<string, string | number>> {
  return {
    name: `Plumbline ${run.versions['plumbline'] ?? ''} on ${run.rig.name}`,
    type: 'plumbline',
    buildName: run.run,
    buildOrder: Math.floor(Date.parse(run.startedAt) / 1000),
    reportName: `${deviceName(run)}, ${run.run}`,
  };
}
