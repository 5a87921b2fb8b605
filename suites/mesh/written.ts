import { ixitOf } from '../../src/core/ixit.ts';
import { type Judgement, judgeAttempt } from '../../src/core/judge.ts';
import { logOf } from '../../src/core/log.ts';
import { caseOf, WrittenLog } from '../../src/core/testing/written.ts';
import { timingOf } from '../../src/core/timing.ts';
import { encodeMessage, type MessageType, type MessageValue } from '../../src/mesh/codec/message.ts';
import { MESH } from '../../src/mesh/standard.ts';
import { MESH_TIMING } from '../../src/mesh/timing.ts';
import { MESH_SUITES } from './suites.ts';

/** Address of the node of a written log. */
export const NODE = 0x0100;
const TESTER = 1;

/** What a node showed in a case: what the tester asked and what the device answered, all at one moment unless told. */
export class Written extends WrittenLog {
  constructor() {
    super('mesh', 0);
  }
  message<M extends MessageType>(dir: 'in' | 'out', type: M, value: MessageValue<M>, label?: string): number {
    return this.octets(dir, encodeMessage(type, value as never), label);
  }
  octets(dir: 'in' | 'out', pdu: Buffer, label?: string, tester = TESTER): number {
    const [src, dst] = dir === 'in' ? [NODE, tester] : [tester, NODE];
    const data = { src, dst, ttl: 5, key: 'app:0', ...(label === undefined ? {} : { label }) };
    return this.add({ type: 'mesh.access', dir, raw: pdu.toString('hex'), data });
  }
  /** A message between the node and an element that the tester plays. */
  played<M extends MessageType>(dir: 'in' | 'out', address: number, type: M, value: MessageValue<M>): number {
    return this.octets(dir, encodeMessage(type, value as never), undefined, address);
  }
  /** A question with its answer, `tries` of which were sent. */
  ask<M extends MessageType>(label: string, question: MessageType, type: M, value: MessageValue<M>, tries = 1): void {
    for (let i = 0; i < tries; i++) this.message('out', question, {}, label);
    const via = this.message('in', type, value);
    this.add({ type: 'mesh.answer', dir: 'in', via, data: { label, tries } });
  }
}

/** What the case of this id says of a log that is written so. */
export function judged(
  id: string,
  write: (w: Written) => void,
  policies: Record<string, string> = {},
  values: Parameters<typeof ixitOf>[0] = {},
): Judgement {
  const found = caseOf(MESH_SUITES, id);
  const written = new Written();
  written.alive();
  written.ms = 1;
  write(written);
  written.ms += 1;
  written.alive();
  const ixit = ixitOf({ verifyS: 1, applyS: 1, ...values });
  const input = {
    log: logOf(written.events, 1),
    ixit,
    policies,
    timing: timingOf(MESH_TIMING, ixit, { protocol: 1, link: 1 }),
    declared: () => true,
    variant: 'update',
  };
  return judgeAttempt(found, input, policies as never, (j) => found.judge(j), MESH.invariants);
}
