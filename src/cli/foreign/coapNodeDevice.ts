import { createRequire } from 'node:module';
import { type CoapMessage, type CoapRequest, type CoapNode, type SmartObject } from './coapNodeTypes.ts';

/**
 * An LwM2M client whose stack is the npm package coap-node, which nobody of this project wrote: registration, Discover, Read, Write, Execute, Observe and
 * TLV are the library's; here are only the states of object 9 (pull over coap, version 1.0 of the enabler). `--server HOST:PORT --endpoint NAME`.
 * It keeps nothing over a restart.
 */
const require = createRequire(import.meta.url);

/** Numbers of object 9. */
const R = {
  name: 0,
  version: 1,
  uri: 3,
  install: 4,
  uninstall: 6,
  state: 7,
  result: 9,
  activate: 10,
  deactivate: 11,
  activation: 12,
} as const;
const STATE = { initial: 0, started: 1, downloaded: 2, delivered: 3, installed: 4 } as const;
const RESULT = { initial: 0, downloading: 1, installed: 2, downloaded: 3, connectionLost: 52, invalidUri: 56 } as const;

const CHECK_MS = 150;
const INSTALL_MS = 400;
const RETRY_MS = 500;
/** CoAP's own patience with a server that does not answer (RFC 7252 4.8.2: EXCHANGE_LIFETIME is longer than that). */
const DOWNLOAD_MS = 65_000;

type Done = (error: Error | null, value?: unknown) => void;

interface Shown {
  state: number;
  result: number;
  active: boolean;
  name: string;
  version: string;
}

function word(name: string): string {
  const value = process.argv[process.argv.indexOf(`--${name}`) + 1];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

function main(): void {
  // The library asks the system for its network interface otherwise, through programs that a container may lack.
  process.env['npm_lifecycle_event'] = 'test';
  const Objects = require('smartobject') as new () => SmartObject;
  const Client = require('coap-node') as new (name: string, objects: SmartObject, about: object) => CoapNode;
  const coap = createRequire(require.resolve('coap-node'))('coap') as {
    Agent: new () => object;
    request(target: object): CoapRequest;
  };

  const shown: Shown = { state: STATE.initial, result: RESULT.initial, active: false, name: '', version: '' };
  const objects = new Objects();
  let uri = '';

  const show = (change: Partial<Shown>): void => {
    Object.assign(shown, change);
    objects.set(9, 0, R.state, shown.state);
    objects.set(9, 0, R.result, shown.result);
    objects.set(9, 0, R.activation, shown.active);
    // Reading through the library is what makes it look whether an observer must be told.
    for (const resource of [R.state, R.result, R.activation]) objects.read(9, 0, resource, () => undefined);
  };
  const deliver = (): void => {
    show({ state: STATE.downloaded, result: RESULT.downloading });
    setTimeout(
      () => show({ state: STATE.delivered, result: RESULT.downloaded, name: 'app', version: '1.0' }),
      CHECK_MS,
    );
  };
  const fail = (result: number): void => show({ state: STATE.initial, result });
  const pull = (): void => {
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    if (url?.protocol !== 'coap:') return fail(RESULT.invalidUri);
    show({ state: STATE.started, result: RESULT.downloading });
    let over = false;
    const end = (then: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(limit);
      then();
    };
    const limit = setTimeout(() => end(() => fail(RESULT.connectionLost)), DOWNLOAD_MS);
    const target = { hostname: url.hostname, port: Number(url.port), pathname: url.pathname, agent: new coap.Agent() };
    const request = coap.request(target);
    request.on('response', (response: CoapMessage) => {
      if (response.code !== '2.05') return end(() => fail(RESULT.invalidUri));
      response.on('data', () => undefined);
      response.on('end', () => end(deliver));
    });
    request.on('error', () => end(() => fail(RESULT.connectionLost)));
    request.end();
  };

  /** An operation that only some states allow. */
  const operation = (allowed: () => boolean, work: () => void) => ({
    exec: (...words: unknown[]) => {
      const done = words.at(-1) as Done;
      if (!allowed()) return done(new Error('not in this state'));
      done(null, '');
      setTimeout(work, 0);
    },
  });
  const installed = (): boolean => shown.state === STATE.installed;
  objects.init(9, 0, {
    [R.name]: { read: (done: Done) => done(null, shown.name) },
    [R.version]: { read: (done: Done) => done(null, shown.version) },
    [R.uri]: {
      write: (value: string, done: Done) => {
        uri = value;
        done(null, value);
        setTimeout(pull, 0);
      },
    },
    [R.install]: operation(
      () => shown.state === STATE.delivered,
      () => setTimeout(() => show({ state: STATE.installed, result: RESULT.installed }), INSTALL_MS),
    ),
    [R.uninstall]: operation(
      () => shown.state === STATE.delivered || installed(),
      () => show({ state: STATE.initial, result: RESULT.initial, active: false, name: '', version: '' }),
    ),
    [R.state]: shown.state,
    [R.result]: shown.result,
    [R.activate]: operation(installed, () => show({ active: true })),
    [R.deactivate]: operation(installed, () => show({ active: false })),
    [R.activation]: shown.active,
  });

  const client = new Client(word('endpoint'), objects, { lifetime: 60, version: '1.0' });
  client.on('error', (e) => process.stderr.write(`coap-node: ${e.message}\n`));
  const [host = '', port] = word('server').split(':');
  const register = (): void =>
    client.register(host, Number(port), (_error, answer) => {
      if (answer?.status !== '2.01') setTimeout(register, RETRY_MS);
    });
  register();
  process.stdin.resume().on('end', () => process.exit(0));
  process.stdout.write(`${JSON.stringify({ ready: { device: 'coap-node' } })}\n`);
}

main();
