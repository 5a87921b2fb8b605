import type { Duplex } from 'node:stream';
import { BenchError, messageOf } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import type { Console } from '../core/standard.ts';
import type { ResourceOf } from './schema.ts';

/** What the setting `newline` puts behind a line. */
const NEWLINES = { lf: '\n', cr: '\r', crlf: '\r\n' } as const;
// oxlint-disable-next-line no-control-regex -- terminal colours begin with the escape character
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/** The console of the rig; `send` is for lines that get no answer, such as a reset. */
export interface RigConsole extends Console {
  /** Opens the stream now, so that a wrong address shows when the rig is opened and not in the first case. */
  connect(): Promise<void>;
  /** Resolves when the line is handed to the stream; rejects with a BenchError where that cannot be opened. */
  send(line: string): Promise<void>;
  close(): void;
}

/** The one question that is under way. */
interface Question {
  /** Many shells repeat what they are told; that line is not the answer. */
  readonly echo: string;
  answer(line: string): void;
  fail(e: BenchError): void;
}

/**
 * Speaks lines over a byte stream; every line either way is an event on the channel `console`. A stream that ended, as it does when a simulated device
 * loses its power, is opened anew by the next line.
 */
export function lineConsole(
  name: string,
  settings: ResourceOf<'console'>,
  events: EventSink,
  connect: () => Promise<Duplex>,
): RigConsole {
  const ignore = settings.ignore.map((pattern) => new RegExp(pattern));
  const newline = NEWLINES[settings.newline];
  const place = { where: name };
  let stream: Duplex | undefined;
  let question: Question | undefined;
  // A console has no way to tell which answer belongs to which question, so that there is only one at a time.
  let queue: Promise<unknown> = Promise.resolve();

  const receive = (line: string): void => {
    events.append({ channel: 'console', type: 'line', dir: 'in', data: { text: line } });
    if (line === '' || line === question?.echo || ignore.some((pattern) => pattern.test(line))) return;
    question?.answer(line);
  };
  const opened = async (): Promise<Duplex> => {
    if (stream !== undefined) return stream;
    const fresh = await connect();
    // The start of a line whose end has not come yet.
    let rest = '';
    const lost = (why: string): void => {
      // A stream that fails late must not close the one that was opened after it.
      if (stream === fresh) stream = undefined;
      question?.fail(new BenchError('console', why, { place }));
    };
    fresh.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) receive(line.replace(COLOURS, '').trim());
    });
    fresh.on('error', (e) => lost(`the console failed: ${messageOf(e)}`));
    fresh.on('close', () => lost('the console was closed'));
    stream = fresh;
    return fresh;
  };
  const send = async (line: string): Promise<void> => {
    const to = await opened();
    events.append({ channel: 'console', type: 'line', dir: 'out', data: { text: line } });
    to.write(line + newline);
  };
  const askNow = (line: string, deadlineMs: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        question = undefined;
        settle();
      };
      const fail = (e: unknown): void => end(() => reject(e));
      const timer = setTimeout(
        () => fail(new BenchError('console-silent', `no answer to "${line}" in ${deadlineMs} ms`, { place })),
        deadlineMs,
      );
      question = { echo: line.trim(), answer: (text) => end(() => resolve(text)), fail };
      send(line).catch(fail);
    });
  return {
    async connect() {
      await opened();
    },
    send,
    ask(line, deadlineMs) {
      const answer = queue.then(() => askNow(line, deadlineMs));
      queue = answer.catch(() => undefined);
      return answer;
    },
    close: () => stream?.destroy(),
  };
}
