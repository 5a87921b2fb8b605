import { choice, count, type OptionValues, presetOf, readWords, text, yesNo } from '../options.ts';

/** Every option of the device with its values, its preset and what it decides. No option makes the device wrong; that is what faults are for. */
export const OPTION_TABLE = {
  server: text('', 'server to register to, coap://host:port or coaps://host:port; port 0: a free one, told when ready'),
  bootstrap: yesNo('no', 'the server is a bootstrap server, asked for an account where the device has none'),
  endpoint: text('plumbline-sim', 'endpoint name'),
  identity: text('', 'PSK identity for coaps (none: the endpoint name)'),
  psk: text('', 'PSK for coaps, hexadecimal, by reference: env:NAME or file:PATH'),
  certificate: text(
    '',
    'for coaps, file (PEM) with the chain and private key that the device shows; trust goes with it',
  ),
  trust: text('', 'file with the certificates (PEM) that coaps servers are trusted by'),
  rawKey: text(
    '',
    'for coaps, file (PEM) with the private key whose public half the device shows raw; serverKey goes with it',
  ),
  serverKey: text('', 'file (PEM) with the public key, or the certificate, of the server that shows its key raw'),
  ca: text('', 'file with the certificates (PEM) that https package servers are trusted by'),
  lwm2m: choice(['1.0', '1.1', '1.2'], '1.1', 'LwM2M version'),
  formats: text('', 'content formats by number, with commas; empty: those of the version'),
  singleFormat: choice(['text', 'tlv', 'senml'], 'text', 'format of a single resource without Accept'),
  instanceFormat: choice(['tlv', 'senml'], 'tlv', 'format of everything else without Accept'),
  lifetime: count(300, 'seconds of protocol time; an Update at half of it'),
  queue: yesNo('no', 'queue mode: stops listening when nothing has come for a while'),
  awakeMs: count(93_000, 'queue mode: listens so long after the last traffic, milliseconds of link time'),
  rootLink: yesNo('no', 'registers a root link with rt and ct'),
  root: text('', 'alternate root path, such as /lwm2m'),
  version: choice(['absent', '1.0'], 'absent', 'version attribute of object 9'),
  cache: yesNo('yes', 'repeated requests are recognised and not executed again'),
  confirmEvery: count(5, 'every so manyth notification is confirmable; 1: all'),
  blockSize: choice(['16', '32', '64', '128', '256', '512', '1024'], '1024', 'largest block sent or asked for'),
  separate: yesNo('no', 'requests are acknowledged first and answered later'),

  instances: text('0,1', 'instances of object 9 at the factory'),
  maxInstances: count(8, 'most instances of object 9, ids below this'),
  create: yesNo('no', 'the server may create instances of object 9'),
  delete: yesNo('no', 'the server may delete instances of object 9'),
  deleteInstalled: choice(['delete', 'refuse'], 'delete', 'Delete of an instance with installed software'),
  updateAfterCreate: yesNo('no', 'a registration Update follows Create and Delete at once'),
  resources: text('2,3,8', 'optional resources of object 9: of 2 3 5 8 13 14 15 16'),
  components: yesNo('no', 'resources 17 and 18 and object 14'),
  componentResources: text('0,1,2,3,4,5', 'resources of object 14'),
  componentsFrom: choice(['delivered', 'installed'], 'delivered', 'state in which component instances appear'),
  activation12: choice(
    ['mirror', 'still'],
    'mirror',
    'resource 12 beside resource 17: true when all are active, or false for ever',
  ),

  schemes: text('coap', 'schemes of package URIs, with commas: coap coaps http https'),
  storage: count(65_536, 'largest package in octets, and room for what it needs'),
  ram: count(65_536, 'memory for unpacking, octets'),
  delivered: choice(['0', '3'], '0', 'result in DELIVERED'),
  tooLarge: choice(['result', '4.13'], 'result', 'package that needs too much room: 2.04 and result 50, or 4.13 too'),
  notify1: yesNo('yes', 'DOWNLOAD STARTED is notified in a push'),
  duringPush: choice(['serve', '5.03'], 'serve', 'other requests during a block-wise push'),
  pushGiveUpMs: count(60_000, 'an unfinished push is given up, milliseconds of protocol time'),
  pushGiveUp: choice(['52', '0'], '52', 'result of a push that was given up'),
  emptyPackage: choice(['refuse', 'reject'], 'reject', 'empty Package: refused, or 2.04 and result 54'),
  noFormat: choice(['refuse', 'opaque'], 'refuse', 'Package without Content-Format'),
  outOfState: choice(
    ['refuse', 'ignore', 'follow'],
    'refuse',
    'Package, Package URI or Uninstall out of its state: 4.xx; 2.04 without effect; a new download or back to INITIAL',
  ),
  badUri: choice(['refuse', 'report'], 'refuse', 'URI that can never be fetched: 4.00 and result 56, or 2.04 and 56'),
  unknownHost: choice(['56', '52'], '56', 'result where the host of the URI is unknown'),
  notFound: choice(['56', '57', '52'], '56', 'result where the file server has no such file'),
  unreachable: choice(['52', '56', '57'], '52', 'result where nobody listens at the address of the URI'),
  pullStart: choice(['atOnce', 'later'], 'atOnce', 'when a pull begins'),
  stallMs: count(60_000, 'a pull without progress is given up, milliseconds of protocol time'),
  resume: yesNo('yes', 'an interrupted http pull goes on where it stopped'),

  refusal: choice(['4.05', '4.00'], '4.05', 'code of a refused Execute'),
  execute: choice(
    ['answerFirst', 'actFirst'],
    'answerFirst',
    'Install and Uninstall are answered before or after the work',
  ),
  installActivates: yesNo('no', 'installed software is active at once'),
  installReboots: yesNo('no', 'Install ends in a reboot of the device'),
  installArgument: choice(['ignore', 'refuse'], 'ignore', 'Install with an argument'),
  forUpdate: yesNo('yes', 'Uninstall with 1 is supported'),
  forUpdateDelivered: choice(['refuse', 'initial'], 'refuse', 'Uninstall with 1 in DELIVERED'),
  uninstallDelivered: choice(['reset', 'keep'], 'reset', 'result after Uninstall in DELIVERED: 0, or the one before'),
  uninstallFailure: choice(['59', '57', 'same'], '59', 'result of a failed Uninstall'),
  activateAgain: choice(['accept', 'refuse'], 'accept', 'Activate when active, Deactivate when inactive'),
  activationFailure: choice(['5.00', '2.04'], '5.00', 'answer to an Activate that fails'),
  activationFailureResult: choice(['same', '57'], 'same', 'result after an Activate that failed'),
  persist: yesNo('yes', 'DELIVERED and INSTALLED survive a restart'),
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

/** The numbers in a list with commas. */
export function numbersIn(list: string): readonly number[] {
  return list
    .split(',')
    .filter((word) => word.trim() !== '')
    .map(Number);
}
