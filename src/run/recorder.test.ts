import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CaseDef } from '../core/case.ts';
import { openLines, type OpenLines, readEvents, recorder } from './recorder.ts';
import { attemptHere } from './testing/in-process.ts';
import { heard, scripted, wireOn } from './testing/scripted.ts';

describe('event log', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-log-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is on disk as soon as an event is appended, and reads back as it was', () => {
    const sink = recorder(join(folder, 'bench.jsonl'), () => 1.23456);
    const live = sink.begin(join(folder, 'case', '1', 'events.jsonl'));
    sink.append({
      channel: 'udp',
      type: 'datagram',
      dir: 'in',
      raw: Buffer.from('00ff', 'hex'),
      data: { a: [1, null] },
    });
    expect(readEvents(live.path)).to.deep.equal(live.events);
    expect(live.events[0]).to.deep.equal({
      n: 0,
      ms: 1.235,
      channel: 'udp',
      type: 'datagram',
      dir: 'in',
      raw: '00ff',
      data: { a: [1, null] },
    });
    sink.end();
    // Numbers go on, so that an answer to a request of this attempt is none to a request of the next.
    expect(sink.append({ channel: 'run', type: 'power' }).n).to.equal(1);
    expect(sink.begin(join(folder, 'second.jsonl')).events).to.deep.equal([]);
    expect(sink.append({ channel: 'run', type: 'power' }).n).to.equal(2);
    expect(readEvents(join(folder, 'second.jsonl'))).to.have.lengthOf(1);
    sink.end();
    sink.close();
    expect(readFileSync(join(folder, 'bench.jsonl'), 'utf8')).to.contain('power');
  });

  it('names file and line of what is no event', () => {
    const file = join(folder, 'torn.jsonl');
    writeFileSync(file, '{"n":0,"ms":0,"channel":"a","type":"b"}\n{"n":1,"ms"');
    expect(() => readEvents(file))
      .to.throw(/not an event/)
      .with.property('place')
      .that.deep.equals({ file, line: 2 });
    writeFileSync(file, '{"n":4,"ms":0,"channel":"a","type":"b"}\n{"n":6,"ms":0,"channel":"a","type":"b"}\n');
    expect(() => readEvents(file)).to.throw('expected event 5, found 6');
  });

  /** A disk that is full after so many lines of an attempt. */
  const fullAfter =
    (lines: number): OpenLines =>
    (path) => {
      const file = openLines(path);
      let left = lines;
      return {
        ...file,
        write(line) {
          if (path.endsWith('events.jsonl') && left-- === 0) throw new Error('ENOSPC: no space left on device, write');
          file.write(line);
        },
      };
    };
  const asks: CaseDef<{ ask(): void }, object> = {
    id: 'SHAPE/LOG/01',
    purpose: 'p',
    item: 'SHAPE 1/1',
    when: 'always',
    statements: ['SHAPE-1.x'],
    start: 'ready',
    async drive(t) {
      t.mark('ask');
      t.ask();
      await t.until(heard('answer'), { timer: 'answer' });
    },
    judge: (j) => j.never('SHAPE-1.x', heard('error'), { stimulus: heard('answer') }),
  };
  const standard = scripted({ answer: { ms: 500, class: 'link', clause: 'L' } }, (events) => ({
    ask: () => wireOn(events, 'wire').in('answer'),
  }));

  it('makes a case ERROR when the disk fills up at any of its lines, and PASS when it does not', async () => {
    for (const lines of [0, 1, 2, 3, 4]) {
      const { record } = await attemptHere(standard, asks, { open: fullAfter(lines) });
      expect(record.verdict, `full after ${lines} lines`).to.equal('ERROR');
      expect(record.reason?.message).to.match(/events\.jsonl: the event log cannot be written: ENOSPC/);
      expect(record.statements).to.deep.equal({});
    }
    expect((await attemptHere(standard, asks)).record.verdict).to.equal('PASS');
  });
});
