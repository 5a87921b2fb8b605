import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CaseRecord, RunRecord } from '../core/record.ts';
import { type Card, cardOf, cardText, repeatCommand } from './card.ts';
import { printSample } from './fixture/events.ts';
import { sampleRun, writeSampleRun } from './fixture/run.ts';
import { around, folded, type Line } from './timeline.ts';

const find = (run: RunRecord, id: string): CaseRecord => {
  const found = run.cases.find((c) => c.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
};

describe('the verdict card', () => {
  const run = sampleRun();
  let runDir: string;
  before(() => {
    runDir = mkdtempSync(join(tmpdir(), 'plumbline-card-'));
    writeSampleRun(runDir, run);
  });
  after(() => rmSync(runDir, { recursive: true }));
  const card = (id: string, from = run): Card => {
    const made = cardOf(find(from, id), from, { runDir, print: printSample });
    if (made === null) throw new Error(`no card for ${id}`);
    return made;
  };

  it('is made for every case but those that passed or do not apply', () => {
    const without = run.cases.filter((c) => cardOf(c, run, { runDir }) === null).map((c) => c.verdict);
    expect(new Set(without)).to.deep.equal(new Set(['PASS', 'NOT_APPLICABLE']));
  });

  it('names the violated statement with its place and text, expected, observed, and the command that repeats just this case', () => {
    const { statement, expected, observed, repeat } = card('OCFSWU/TRIG/04');
    expect(statement?.id).to.equal('OCFSWU-T3.sva');
    expect(statement?.place).to.equal('table T3, row sva');
    expect(expected).to.contain('swupdateresult 5');
    expect(observed).to.contain('sva');
    expect(repeat).to.equal(
      'plumbline run --ics ics/declarations/lamp.yaml --rig rigs/bench-2.yaml --case OCFSWU/TRIG/04',
    );
  });

  it('shows ten decoded lines of link, console and run on one clock, with the packet that the verdict rests on', () => {
    const { lines, at } = card('OCFSWU/TRIG/04');
    expect(lines).to.have.length(10);
    expect(lines.find((l) => l.n === at)?.text).to.contain('notify 5: swupdatestate sva');
    expect(new Set(lines.map((l) => l.channel))).to.include.members(['coap', 'packages', 'console']);
    const times = lines.map((l) => l.ms);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
  });

  it('marks that packet on the terminal, and fits one screen', () => {
    const text = cardText(card('OCFSWU/TRIG/04'));
    expect(text.split('\n').filter((l) => l.startsWith('>'))).to.deep.equal([
      '>   43.402  coap      ◀ notify 5: swupdatestate sva, swupdateresult 0',
    ]);
    expect(text.split('\n').length).to.be.at.most(24);
  });

  it('shows the variant that decided, and attempts that ended differently one by one', () => {
    expect(card('ZBOTA/CLI/060').id).to.equal('ZBOTA/CLI/060@broadcast');
    expect(card('OCFSWU/SCH/02').attempts).to.have.length(1);
    expect(card('OCFSWU/SCH/02').attempts[0]).to.match(/^3, each INCONC/);
  });

  it('says who waived a FAIL, until when and why', () => {
    expect(cardText(card('OCFSWU/OBS/03')))
      .to.contain('FAIL, waived')
      .and.contain('by R. Weaver until 2027-02-28: mended in 1.5.0');
  });

  it('repeats a run on an inconsistent declaration with --anyway, and quotes what a shell would take apart', () => {
    const odd = sampleRun({ ics: { ...run.ics, file: 'my lamp.yaml', anyway: true } });
    expect(repeatCommand({ id: 'A/B/1' }, odd))
      .to.contain("--ics 'my lamp.yaml'")
      .and.match(/--anyway$/);
  });

  describe('where evidence is missing or damaged', () => {
    const events = (): string =>
      join(runDir, 'private', find(run, 'OCFSWU/UPD/05').attempts[0]?.evidence ?? '', 'events.jsonl');
    const failed = sampleRun({
      cases: run.cases.map(
        (c): CaseRecord =>
          c.id === 'OCFSWU/UPD/05' ? { ...c, verdict: 'FAIL', reason: { verdict: 'FAIL', message: 'm' } } : c,
      ),
    });

    it('drops a last line that a killed process left unfinished', () => {
      appendFileSync(events(), '{"n":99,"ms":1,"chan');
      expect(card('OCFSWU/UPD/05', failed).lines).to.not.be.empty;
    });

    it('names file and line of any other unreadable event', () => {
      writeFileSync(events(), '{"n":0,"ms":0,"channel":"run","type":"mark"}\nrubbish\n{"n":2}\n');
      expect(card('OCFSWU/UPD/05', failed).missing).to.match(/events\.jsonl:2: not an event$/);
    });

    it('says so where the event log was not kept', () => {
      rmSync(events());
      expect(card('OCFSWU/UPD/05', failed).missing).to.contain('was not kept');
    });
  });
});

describe('folding of repeated lines', () => {
  const lines = ['poll', 'idle', 'poll', 'idle', 'poll', 'busy', 'poll', 'busy'].map(
    (text, n): Line => ({ n, ms: n * 1000, channel: 'c', dir: 'in', text }),
  );

  it('keeps what polling repeats as one line each, with how often and until when', () => {
    expect(folded(lines, undefined).map((l) => l.text)).to.deep.equal([
      'poll (3 times until 4.000)',
      'idle (2 times until 3.000)',
      'busy (2 times until 7.000)',
      'poll',
    ]);
  });

  it('never folds the line that the verdict rests on, nor lines of another channel', () => {
    expect(folded(lines, 3).map((l) => l.n)).to.include(3);
    const apart = lines.map((l, i) => ({ ...l, channel: `c${i}` }));
    expect(folded(apart, undefined)).to.have.length(lines.length);
  });
});

describe('the lines around a moment', () => {
  const lines = Array.from(
    { length: 30 },
    (_, n): Line => ({ n: n * 2, ms: n, channel: 'c', dir: 'in', text: `${n}` }),
  );
  const numbers = (at: number | undefined): number[] => around(lines, at).map((l) => l.ms);

  it('are ten, six before the moment and three after it, fewer on one side only at the ends of the log', () => {
    expect(numbers(40)).to.deep.equal([14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(numbers(0)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(numbers(58)).to.deep.equal([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  });

  it('take the line before an event that says nothing to a reader, and the last ones where no event is named', () => {
    expect(numbers(41)).to.include(20);
    expect(numbers(undefined)).to.deep.equal([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  });
});
