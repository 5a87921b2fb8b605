import { ixitOf } from '../../src/core/ixit.ts';
import { type Judgement, judgeAttempt } from '../../src/core/judge.ts';
import { logOf } from '../../src/core/log.ts';
import { caseOf, WrittenLog } from '../../src/core/testing/written.ts';
import { timingOf } from '../../src/core/timing.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { encodeTlv } from '../../src/lwm2m/codec/tlv.ts';
import { boolean, integer, string } from '../../src/lwm2m/codec/value.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { LWM2M } from '../../src/lwm2m/standard.ts';
import { LWM2M_TIMING } from '../../src/lwm2m/timing.ts';
import { LWM2M_SUITES } from './suites.ts';

/** What an LwM2M device showed in a case: one event every ten milliseconds unless told. */
export class Written extends WrittenLog {
  constructor() {
    super('coap', 10);
  }
  /** A request, sent so often, and its answer. */
  exchange(o: {
    code: string;
    path: string;
    note: string;
    answer?: string;
    body?: Buffer;
    sent?: number;
    format?: number;
    /** Number of the Observe option in the answer. */
    seq?: number;
  }): void {
    const { code, path, note, answer, body, sent = 1, format = FORMAT.tlv, seq } = o;
    const options = [
      ...(seq === undefined ? [] : [`6:${Buffer.from([seq]).toString('hex')}`]),
      ...(body === undefined ? [] : [`12:${format.toString(16)}`]),
    ];
    const request = this.add({
      type: 'coap.request',
      dir: 'out',
      raw: '',
      data: { peer: 'd', code, path, note, query: [], options: [] },
    });
    for (let attempt = 1; attempt <= sent; attempt++)
      this.add({
        type: 'coap.message',
        dir: 'out',
        raw: '4402000100000000',
        via: request,
        data: { peer: 'd', attempt },
      });
    if (answer === undefined)
      this.add({ type: 'coap.silence', data: { peer: 'd', request, afterMs: 1, acked: false } });
    else
      this.add({
        type: 'coap.reply',
        dir: 'in',
        raw: body?.toString('hex') ?? '',
        data: {
          peer: 'd',
          request,
          code: answer,
          complete: true,
          options,
        },
      });
  }
  install(answer: string | undefined, sent = 1): void {
    const given = answer === undefined ? {} : { answer };
    this.exchange({ code: '0.02', path: '/9/0/4', note: 'execute: install', sent, ...given });
  }
  /** `version`: PkgVersion, where the answer has it. */
  shows(state: number, result: number, active = false, note = 'look', version?: string): void {
    const three = [7, 9, 12].map((r, i) => ({
      path: [9, 0, r],
      value: i === 2 ? boolean(active) : integer(i === 0 ? state : result),
    }));
    const values = version === undefined ? three : [{ path: [9, 0, 1], value: string(version) }, ...three];
    this.exchange({ code: '0.01', path: '/9/0', note, answer: '2.05', body: encodeTlv([9, 0], values) });
  }
  /** The device registers with these links, in one message. */
  registers(links = ''): void {
    const data = { peer: 'd', code: '0.02', path: '/rd', query: [], options: [] };
    this.add({ type: 'coap.request', dir: 'in', raw: Buffer.from(links).toString('hex'), data });
    this.add({
      type: 'coap.message',
      dir: 'in',
      raw: '4402124000000001b27264',
      data: { peer: 'd', attempt: 1 },
    });
  }
  /** Time passes. */
  wait(ms: number): void {
    this.after(ms).add({ type: 'pause.over', data: {} }, 'run');
  }
}

/** What the judge of a case says to such a log, of an instance 0 at a device that declares nothing unless told. */
export function judged(
  id: string,
  write: (w: Written) => void,
  o: {
    readonly variant?: string;
    readonly policies?: Partial<Lwm2mPolicies>;
    readonly declares?: readonly string[];
    /** Beside the numbers of the instances and the limits. */
    readonly ixit?: Readonly<Record<string, string>>;
  } = {},
): Judgement {
  const found = caseOf(LWM2M_SUITES, id);
  const written = new Written();
  written.alive();
  write(written);
  written.after(1).alive();
  const seconds = {
    installS: 1,
    uninstallS: 1,
    activateS: 1,
    checkS: 1,
    pullS: 1,
    registerS: 1,
    notifyS: 1,
    unfinishedS: 1,
  };
  const ixit = ixitOf({ instance: 0, newInstance: 1, ...seconds, ...o.ixit });
  const policies = { executeOrder: 'either', refusalCode: 'any4xx', deviceErrorState: 'allow', ...o.policies };
  const input = {
    log: logOf(written.events, 1),
    ixit,
    policies,
    timing: timingOf(LWM2M_TIMING, ixit, { protocol: 1, link: 1 }),
    declared: (item: string) => o.declares?.includes(item) === true,
    ...(o.variant === undefined ? {} : { variant: o.variant }),
  };
  return judgeAttempt(found, input, policies as never, (j) => found.judge(j), LWM2M.invariants);
}
