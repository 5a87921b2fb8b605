import { choice, count, type OptionValues, presetOf, readWords, text, yesNo } from '../options.ts';
import { FACTORY_VERSION } from './package.ts';

// Everything in which conforming devices differ. No option makes the device wrong; that is what faults are for.

/** Every option of the device with its values, its preset and what it decides. */
export const OPTION_TABLE = {
  text: choice(
    ['published', 'draft'],
    'published',
    'text claimed; draft: updateTime on the wire, isv accepted, POST by rw only',
  ),
  href: text('/oc/swu', 'where the resource lives'),
  nv: yesNo('yes', 'property nv present'),
  lastupdate: yesNo('yes', 'property lastupdate present'),
  signed: yesNo('yes', 'property signed present'),
  n: yesNo('no', 'common property n present'),
  id: yesNo('no', 'common property id present'),
  observable: yesNo('yes', 'resource can be observed'),
  chain: yesNo('no', 'isac and isvv go on to the upgrade by themselves'),
  builtinUrl: text('', 'URL used for an empty purl; none where empty; own: a server in the process of the device'),
  protocols: text('http,https,coap', 'package protocols, with commas; coaps is known as well'),
  ca: text('', 'file with the certificates (PEM) that package servers are trusted by, from the state folder on'),
  specialTime: yesNo('no', 'updatetime may be "now" or "none"'),
  partialUpdate: choice(['refuse', 'accept'], 'refuse', 'UPDATE without one of the three properties'),
  longPurl: choice(['refuse', 'accept'], 'refuse', 'purl of more than 64 characters'),
  pastUpdate: choice(['refuse', 'accept'], 'refuse', 'UPDATE with a time in the past'),
  relativePurl: choice(['refuse', 'result'], 'refuse', 'purl that is no absolute URL: refused, or result 6 later'),
  otherScheme: choice(['refuse', 'result'], 'result', 'purl of an unsupported protocol: refused, or result 7 later'),
  emptyPurl: choice(['refuse', 'result'], 'result', 'empty purl without built-in URL: refused, or result 6 later'),
  silentIgnore: yesNo('no', 'read-only and unknown properties in an UPDATE are ignored instead of refused'),
  leapSecond: choice(['refuse', 'accept'], 'refuse', 'second 60'),
  timeWithoutSeconds: choice(['refuse', 'accept'], 'refuse', 'updatetime without seconds'),
  updateDuringRun: choice(['refuse', 'accept'], 'accept', 'UPDATE while an update runs'),
  refusal: choice(['4.00', '4.03', '4.06'], '4.00', 'code of a refused UPDATE or interface'),
  resultReset: choice(['atStart', 'kept'], 'atStart', 'when the result of the run before goes back to 0'),
  resultNoNewVersion: choice(['0', '1'], '0', 'result of a check that found nothing'),
  actionAfterRun: choice(['idle', 'unchanged'], 'idle', 'swupdateaction after the action has run'),
  restAfterFailure: choice(['idle', 'nsa', 'sva'], 'idle', 'state at rest after a failure'),
  bootRecovery: choice(
    ['fail', 'retry'],
    'fail',
    'a run that a power cut interrupted: reported as failed, or started again',
  ),
  overdueAtBoot: choice(['skip', 'run'], 'skip', 'action whose time passed while the power was off'),
  persistSchedule: yesNo('yes', 'a pending action survives a power cycle'),
  reboot: choice(
    ['warm', 'offline'],
    'warm',
    'end of an update: the device stays on the net, or is silent and forgets its observers',
  ),
  version: text(FACTORY_VERSION, 'version that the device leaves the factory with'),
  ram: count(65_536, 'octets of RAM for an update'),
  flash: count(4_194_304, 'octets of flash for an update'),
  multicast: yesNo('no', 'answers discovery on 224.0.1.187 (port 5683, loopback interface)'),
  cbor: choice(['definite', 'indefinite'], 'definite', 'lengths of maps and arrays'),
  confirmEvery: count(5, 'every so manyth notification is confirmable; 1: all'),
  blockSize: choice(['16', '32', '64', '128', '256', '512', '1024'], '1024', 'largest block sent'),
  separate: yesNo('no', 'requests are acknowledged first and answered later'),
  security: choice(
    ['none', 'justworks', 'pin', 'cert'],
    'none',
    'none: everything in clear; else the owner transfer: Just Works, random PIN, manufacturer certificate',
  ),
  pin: text('', 'PIN of the owner transfer; a new one for each where empty'),
  combinedTm: choice(['refuse', 'ignore'], 'refuse', 'combined and unknown bits of the target mode'),
  console: count(0, 'TCP port of the console on loopback; a free one where 0'),
  stallMs: count(20_000, 'a download without progress is given up, milliseconds of protocol time'),
} as const;

/** The options of one device. */
export type Options = OptionValues<typeof OPTION_TABLE>;

/** The device that leaves the factory. */
export function presetOptions(changes: Partial<Options> = {}): Options {
  return presetOf(OPTION_TABLE, changes);
}

/** Reads `key=value` words. Throws InputErrors with one error for each word that is wrong. */
export function readOptions(words: readonly string[]): Options {
  return readWords(OPTION_TABLE, words);
}
