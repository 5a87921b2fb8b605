import { createSocket, type Socket } from 'node:dgram';
import { BenchError } from '../../core/errors.ts';
import { type Kind, where } from '../../core/log.ts';
import type { Bench, Standard } from '../../core/standard.ts';

/** What the device said to a word. */
export interface Answer {
  readonly word: string;
  readonly value: string;
}

/** Every answer that came over the wire, decoded on reading. */
export const answer: Kind<Answer> = {
  name: 'answer',
  read(event) {
    if (event.type !== 'datagram' || event.dir !== 'in') return undefined;
    const [word = '', value = ''] = Buffer.from(event.raw ?? '', 'hex')
      .toString()
      .split(' ');
    return { word, value };
  },
};
export const answerTo = (word: string): Kind<Answer> => where(answer, `answer to ${word}`, (a) => a.word === word);

/** What the cases of this standard work with. */
export interface FakeTester {
  readonly bench: Bench;
  /** Sends a word; the answer is an event. */
  say(words: string): void;
  /** Sends a word and waits for its answer. */
  ask(words: string): Promise<string>;
  end(): void;
}

/** The device answers at once; this is for a computer that is busy with something else. Real milliseconds. */
const ANSWER_MS = 250;

/** The port that the rig names, or any. */
async function bind(bench: Bench): Promise<Socket> {
  const port = bench.has('localPort') ? Number(bench.address('localPort')) : 0;
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (e) => reject(new BenchError('port', e.message, { place: { where: `UDP port ${port}` } })));
    socket.bind(port, '127.0.0.1', resolve);
  });
  return socket;
}

/** One socket; what comes is recorded and handed to whoever waits for that word. */
async function openTester(bench: Bench): Promise<FakeTester> {
  const socket = await bind(bench);
  const local = `127.0.0.1:${socket.address().port}`;
  const peer = (): { url: string; port: number } => {
    const url = new URL(bench.address('endpoint'));
    return { url: url.host, port: Number(url.port) };
  };
  const waiting = new Map<string, (value: string) => void>();
  socket.on('message', (data, from) => {
    const at = { local, peer: `${from.address}:${from.port}` };
    bench.events.append({ channel: 'udp', type: 'datagram', dir: 'in', raw: data, data: at });
    const [word = '', value = ''] = data.toString().split(' ');
    waiting.get(word)?.(value);
  });
  const say = (words: string): void => {
    const { url, port } = peer();
    bench.events.append({
      channel: 'udp',
      type: 'datagram',
      dir: 'out',
      raw: Buffer.from(words),
      data: { local, peer: url },
    });
    socket.send(words, port, '127.0.0.1');
  };
  const ask = (words: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const [word = ''] = words.split(' ');
      const timer = setTimeout(
        () => reject(new BenchError('no-answer', `no answer to "${word}" in ${ANSWER_MS} ms`)),
        ANSWER_MS,
      );
      waiting.set(word, (value) => {
        clearTimeout(timer);
        resolve(value);
      });
      say(words);
    });
  return { bench, say, ask, end: () => socket.close() };
}

/** A standard of three words, for the tests of the run. */
export const fake: Standard<FakeTester, Record<string, string>> = {
  spec: 'FAKE',
  title: 'Standard of three words',
  timing: { answer: { ms: ANSWER_MS, class: 'protocol', clause: 'F-1' } },
  stillAnswers: 'FAKE-1.answers',
  open: openTester,
  async alive(t) {
    const id = await t.ask('who');
    const wanted = t.bench.has('id') ? t.bench.address('id') : id;
    if (id !== wanted) throw new BenchError('wrong-device', `expected device ${wanted}, found ${id}`);
  },
  ladder: {
    any: () => Promise.resolve(),
    zero: async (t) => void (await t.ask('set 0')),
  },
  settle: () => Promise.resolve(),
  close(t) {
    t.end();
    return Promise.resolve();
  },
  invariants: [],
  print: (event) => `${event.channel} ${event.type}`,
};
