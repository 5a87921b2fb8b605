import type { Ev } from '../core/events.ts';
import type { Line } from './timeline.ts';

/** What a rule may look at. */
export interface Facts {
  readonly code: string | undefined;
  /** Message, expected and observed of the reason. */
  readonly said: string;
  readonly events: readonly Ev[];
  /** The decoded lines around the moment. */
  readonly lines: readonly Line[];
}

interface Rule {
  readonly cause: string;
  readonly look: string;
  /** Codes of the error behind an ERROR. */
  readonly codes?: readonly string[];
  /** In the message, expected or observed. */
  readonly said?: RegExp;
  /** There, or in the decoded lines around the moment. */
  readonly text?: RegExp;
  /** Anything else that gives it away. */
  readonly sign?: (facts: Facts) => boolean;
}

const isIn = (e: Ev): boolean => e.dir === 'in';
const isOut = (e: Ev): boolean => e.dir === 'out';
const dead = (e: Ev): boolean => e.channel === 'run' && e.type === 'alive' && e.data?.['ok'] !== true;

/** Said often, silent from the first word on. */
function neverAnswered({ events }: Facts): boolean {
  const link = events.find((e) => isOut(e) && e.channel !== 'console')?.channel;
  const sent = events.filter((e) => isOut(e) && e.channel === link).length;
  return sent >= 3 && !events.some((e) => isIn(e) && e.channel === link);
}

/** Answered first, and was not alive at the end. */
function fellSilent({ events }: Facts): boolean {
  const last = events.findLast((e) => e.channel === 'run' && e.type === 'alive');
  return events.some(isIn) && last !== undefined && dead(last);
}

/** From the most telling sign to the least; the first two that fit are shown, as likely causes and not as findings. */
export const CAUSES: readonly Rule[] = [
  {
    cause: 'the disk of the bench computer is full',
    look: 'free some space under the reports folder and run again',
    codes: ['ENOSPC', 'disk'],
    text: /ENOSPC|no space left/i,
  },
  {
    cause: 'a port of the bench is taken by another program',
    look: 'find who holds it (ss -lunp, lsof on the serial port) or give the rig another port',
    codes: ['EADDRINUSE', 'EBUSY', 'lease'],
    text: /EADDRINUSE|address already in use|EBUSY|port is (?:taken|locked)|cannot lock port/i,
  },
  {
    cause: 'wrong key or credential',
    look: 'compare the key reference in the rig file with what the device was provisioned with; a device that was reset may need onboarding again',
    text: /decrypt|bad[_ ]record[_ ]mac|unknown[_ ]psk|handshake[_ ]failure|\bMIC\b.*(?:wrong|fail|mismatch)|wrong key|bad certificate|unknown[_ ]ca\b|4\.01\b|unauthori[sz]ed/i,
  },
  {
    cause: 'the device rebooted in the middle',
    look: 'read the console around the moment: a boot banner, a watchdog or a brown-out; check the supply',
    text: /\b(?:re)?boot(?:ed|ing)?\b|reset reason|watchdog|brown-?out|\bpanic\b|device announce|uptime 0\b/i,
    sign: ({ events }) => events.some((e) => /(?:^|\.)(?:reboot|boot|announce)$/.test(e.type)),
  },
  {
    cause: 'another device than the declared one answers at this address',
    look: 'compare the address and the device id in the rig file with the device on the bench',
    codes: ['wrong-device'],
  },
  {
    cause: 'wrong address, or the device is not on this network',
    look: 'compare the address in the rig file with the device; check interface, firewall and that it has power',
    codes: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EADDRNOTAVAIL'],
    text: /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EADDRNOTAVAIL|no route to host|connection refused/i,
    sign: neverAnswered,
  },
  {
    cause: 'the device hung or crashed',
    look: 'read its console or crash log around the moment; it answered again only after a restart',
    said: /fell silent .*answered again after it was restarted/,
  },
  {
    cause: 'the link was lost',
    look: 'check cable, antenna, distance and the adapter; run `plumbline rig check` before the next run',
    codes: ['ENODEV', 'EIO', 'EPIPE', 'ECONNRESET', 'disconnected'],
    text: /disconnect|supervision timeout|link (?:was )?lost|port (?:was )?closed|ECONNRESET|ENODEV|\bEIO\b/i,
    sign: fellSilent,
  },
  {
    cause: 'clock: the device and the bench do not agree on the time',
    look: 'check the time source of the device, its time zone (the standards mean UTC) and the validity of certificates',
    said: /came too early|time (?:zone|offset)|in the past/i,
    text: /not yet valid|certificate (?:has )?expired/i,
  },
  {
    cause: 'the bench computer was too busy to judge times',
    look: 'close other programs or give the rig its own computer, then run the case again',
    said: /event[- ]loop/i,
  },
  {
    cause: 'the device never fetched the image',
    look: 'check that it can reach the server of the bench (address and port in the lines above, firewall, name resolution)',
    said: /no package fetch|never fetched|package fetches/i,
  },
  {
    cause: 'the device is slower than the declared limit',
    look: 'compare the limit named above with the IXIT; declare a longer one if the standard allows it',
    said: /came too late/i,
  },
  {
    cause: 'the tester itself failed',
    look: 'this is a defect of Plumbline or of the case: please report it with run.json',
    codes: [
      'judge',
      'judged-nothing',
      'noted-nothing',
      'statement',
      'loose-claim',
      'async-claim',
      'rung',
      'timer',
      'ixit',
      'tester-exception',
      'unhandled',
      'late-verb',
      'case-deadline',
      'child-lost',
    ],
  },
];

/** At most two likely causes with what to look at, the likelier first. */
export function likelyCauses(facts: Facts): { cause: string; look: string }[] {
  const text = [facts.said, ...facts.lines.map((line) => line.text)].join('\n');
  return CAUSES.filter(
    (rule) =>
      (facts.code !== undefined && rule.codes?.includes(facts.code) === true) ||
      rule.said?.test(facts.said) === true ||
      rule.text?.test(text) === true ||
      rule.sign?.(facts) === true,
  )
    .slice(0, 2)
    .map(({ cause, look }) => ({ cause, look }));
}
