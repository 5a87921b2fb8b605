import { createServer, type RequestListener, type Server } from 'node:http';
import { expect } from 'chai';
import { encodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { openUdp, type UdpWire } from '../../link/udp.ts';
import { blockOf, blockwise } from '../coap/blocks.ts';
import { Endpoint, linkTiming } from '../coap/endpoint.ts';
import { until } from '../coap/fake-wire.ts';
import { METHOD, OPTION, pathOf } from '../coap/message.ts';
import { noSink } from '../process.ts';
import type { Behaviour } from './behaviour.ts';
import { behaviourOf, faultsNamed } from './faults.ts';
import type { Options } from './options.ts';
import { makePackage, type PackageKind } from './package.ts';
import { Testbench } from './testbench.ts';

const good = makePackage({ kind: 'ok', version: '2.1' });

describe('simulated LwM2M client: packages and commands', () => {
  let bench: Testbench;
  const open = async (options: Partial<Options> = {}, behaviour: Behaviour = {}): Promise<void> => {
    bench?.close();
    bench = new Testbench(options, behaviour);
    await bench.registered();
  };
  const delivered = async (options: Partial<Options> = {}, kind: PackageKind = 'ok'): Promise<void> => {
    await open(options);
    await bench.push(makePackage({ kind, version: '2.1' }));
    await bench.rest(`3/${options.delivered ?? 0}/0`);
  };
  const installed = async (options: Partial<Options> = {}, kind: PackageKind = 'ok'): Promise<void> => {
    await delivered(options, kind);
    await bench.execute('/9/0/4');
    await bench.rest('4/2/0');
  };
  afterEach(() => bench?.close());

  describe('push', () => {
    for (const szx of [6, 5, 4, 2, 0])
      it(`takes a package in blocks of ${2 ** (szx + 4)} octets`, async () => {
        await open();
        expect(await bench.pushBlocks(good, szx)).to.equal('2.04');
        await bench.rest('3/0/0');
        expect([await bench.text('/9/0/0'), await bench.text('/9/0/1')]).to.deep.equal(['app', '2.1']);
      });
    for (const [name, format] of Object.entries(FORMAT).filter(([name]) => name !== 'link'))
      it(`takes a package as ${name}`, async () => {
        await open({ lwm2m: '1.2' });
        expect(await bench.push(good, 0, format)).to.equal('2.04');
        await bench.rest('3/0/0');
      });
    it('shows DOWNLOAD STARTED between blocks, and serves others or is busy', async () => {
      await open();
      expect(await bench.block(good, 0, 2)).to.equal('2.31');
      expect(await bench.sra()).to.equal('1/1/0');
      await open({ duringPush: '5.03' });
      await bench.block(good, 0, 2);
      expect(await bench.code({})).to.equal('5.03');
      expect(await bench.block(good, 1, 2)).to.equal('2.31');
    });
    it('refuses a gap and a start in the middle with 4.08', async () => {
      await open();
      expect(await bench.block(good, 1, 2)).to.equal('4.08');
      expect(await bench.sra()).to.equal('0/0/0');
      await bench.block(good, 0, 2);
      expect(await bench.block(good, 2, 2)).to.equal('4.08');
      expect(await bench.sra()).to.equal('0/52/0');
    });
    for (const cache of ['yes', 'no'] as const)
      it(`takes a repeated block once (cache: ${cache}), and starts anew at block 0`, async () => {
        await open({ cache });
        await bench.block(good, 0, 2, { mid: 900 });
        await bench.block(good, 0, 2, { mid: 900 });
        expect(await bench.block(good, 0, 2)).to.equal('2.31');
        await bench.block(good, 1, 2);
        expect(await bench.block(good, 1, 2)).to.equal('2.31');
        expect(await bench.block(good, 0, 2, { mid: 900 })).to.equal('2.31');
        expect(await bench.block(good, 2, 2)).to.equal('2.31');
        expect(await bench.pushBlocks(good, 2)).to.equal('2.04');
        await bench.rest('3/0/0');
      });
    it('gives an unfinished push up and takes the next', async () => {
      await open({ pushGiveUpMs: 40_000 });
      await bench.block(good, 0, 2);
      await bench.rest('0/52/0');
      expect(await bench.pushBlocks(good, 2)).to.equal('2.04');
      await bench.rest('3/0/0');
    });
    const bad: readonly [PackageKind, string][] = [
      ['badIntegrity', '0/53/0'],
      ['wrongType', '0/54/0'],
      ['tooBig', '0/50/0'],
      ['tooBigRam', '0/51/0'],
    ];
    for (const [kind, sra] of bad)
      it(`ends in ${sra} with a package of kind ${kind}; then a good one works`, async () => {
        await open({ delivered: '3' });
        await bench.push(makePackage({ kind }));
        await bench.rest(sra);
        await bench.push(good);
        await bench.rest('3/3/0');
      });
    it('refuses with 4.13 what is larger than its storage', async () => {
      await open({ storage: 256 });
      expect(await bench.pushBlocks(good, 3)).to.equal('4.13');
      expect(await bench.sra()).to.equal('0/50/0');
    });
    it('needs a Content-Format, or takes what comes without one, and refuses an empty package or finds it wrong', async () => {
      await open();
      const bare = { code: 'put' as const, path: '/9/0/2', payload: good };
      expect(await bench.code(bare)).to.equal('4.00');
      expect(await bench.push(Buffer.alloc(0))).to.equal('2.04');
      await bench.rest('0/54/0');
      await open({ noFormat: 'opaque', emptyPackage: 'refuse' });
      expect(await bench.push(Buffer.alloc(0))).to.equal('4.00');
      expect(await bench.code(bare)).to.equal('2.04');
      await bench.rest('3/0/0');
    });
    it('takes a package in a Write of the instance', async () => {
      await open();
      const path = [9, 0, 2];
      const payload = encodeContent(FORMAT.tlv, [9, 0], [{ path, value: { type: 'Opaque', value: good } }]);
      expect(await bench.code({ code: 'post', path: '/9/0', format: FORMAT.tlv, payload })).to.equal('2.04');
      await bench.rest('3/0/0');
    });
    const second: readonly [Options['outOfState'], string, string][] = [
      ['refuse', '4.05', '2.1'],
      ['ignore', '2.04', '2.1'],
      ['follow', '2.04', '3.0'],
    ];
    for (const [outOfState, code, version] of second)
      it(`with outOfState=${outOfState} answers a second package with ${code}`, async () => {
        await delivered({ outOfState });
        expect(await bench.push(makePackage({ kind: 'ok', version: '3.0' }))).to.equal(code);
        await bench.rest('3/0/0');
        expect(await bench.text('/9/0/1')).to.equal(version);
      });
  });

  describe('pull', () => {
    let http: Server | undefined;
    let wire: UdpWire | undefined;
    let files: Endpoint | undefined;
    const serve = async (listener: RequestListener): Promise<string> => {
      http = createServer(listener);
      await new Promise<void>((resolve) => http?.listen(0, '127.0.0.1', resolve));
      const address = http.address();
      return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/p`;
    };
    const serveCoap = async (answer: (block: number) => Buffer | undefined): Promise<string> => {
      wire = await openUdp({ host: '127.0.0.1', port: 0, sink: noSink(), channel: 'files' });
      const limits = { szx: 2, maxBody: 1 };
      files = new Endpoint(
        wire,
        linkTiming(0.01),
        blockwise(({ message }) => {
          const payload = answer(blockOf(message, OPTION.block2)?.num ?? 0);
          if (pathOf(message) !== '/p' || message.code !== METHOD.get) return { code: '4.04' };
          return payload === undefined ? 'silence' : { code: '2.05', payload };
        }, limits),
      );
      return `coap://127.0.0.1:${wire.local.port}`;
    };
    afterEach(async () => {
      http?.close();
      http?.closeAllConnections();
      files?.close();
      await wire?.close();
      http = wire = files = undefined;
    });

    it('fetches over CoAP, block by block', async () => {
      await open();
      expect(await bench.write('/9/0/3', `${await serveCoap(() => good)}/p`)).to.equal('2.04');
      await bench.rest('3/0/0');
    });
    it('shows DOWNLOAD STARTED during a pull, refuses Execute and goes on', async () => {
      await open();
      let open2 = false;
      const base = await serveCoap((block) => (block < 2 || open2 ? good : undefined));
      await bench.write('/9/0/3', `${base}/p`);
      expect(await bench.sra()).to.equal('1/1/0');
      for (const resource of [4, 6, 10, 11]) expect(await bench.execute(`/9/0/${resource}`)).to.equal('4.05');
      open2 = true;
      await bench.rest('3/0/0');
    });
    it('ends in 0/52 when the server falls silent midway, and in its code for an address where nobody listens', async () => {
      await open({ stallMs: 40_000, unreachable: '57' });
      await bench.write('/9/0/3', `${await serveCoap((block) => (block < 2 ? good : undefined))}/p`);
      await bench.rest('0/52/0');
      await bench.write('/9/0/3', 'coap://127.0.0.1:9/p');
      await bench.rest('0/57/0');
    });
    it('never joins two versions of a file', async () => {
      await open();
      const other = makePackage({ kind: 'ok', version: '9.9' });
      await bench.write('/9/0/3', `${await serveCoap((block) => (block < 2 ? good : other))}/p`);
      await bench.rest('0/52/0');
    });
    it('reports a missing file, an unknown host, a wrong package and a URI that cannot be fetched', async () => {
      await open();
      const base = await serveCoap(() => makePackage({ kind: 'badIntegrity' }));
      for (const [uri, code, sra] of [
        [`${base}/none`, '2.04', '0/56/0'],
        ['coap://no-such.invalid/p', '2.04', '0/56/0'],
        [`${base}/p`, '2.04', '0/53/0'],
        ['ftp://127.0.0.1/p', '4.00', '0/56/0'],
        ['nonsense', '4.00', '0/56/0'],
        [`coap://127.0.0.1/${'x'.repeat(240)}`, '4.00', '0/56/0'],
      ] as const) {
        expect(await bench.write('/9/0/3', uri), uri).to.equal(code);
        await bench.rest(sra);
      }
    });
    it('fetches over HTTP with user and password, and goes on where a connection broke', async () => {
      await open({ schemes: 'coap,http', resources: '2,3,14,15' });
      const asked: (string | undefined)[][] = [];
      const uri = await serve((request, response) => {
        asked.push([request.headers.authorization, request.headers.range]);
        const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
        if (from > 0) return response.writeHead(206).end(good.subarray(from));
        response
          .writeHead(200, { 'content-length': good.length })
          .write(good.subarray(0, 100), () => response.destroy());
        return undefined;
      });
      await bench.write('/9/0/14', 'me');
      await bench.write('/9/0/15', 'pw');
      expect(await bench.write('/9/0/3', uri)).to.equal('2.04');
      await bench.rest('3/0/0');
      const basic = `Basic ${Buffer.from('me:pw').toString('base64')}`;
      expect(asked).to.deep.equal([
        [basic, undefined],
        [basic, 'bytes=100-'],
      ]);
    });
    it('takes, with its faults, a wrong package, halves of two and an error answer for good', async () => {
      const other = makePackage({ kind: 'ok', version: '9.9' });
      const bad = makePackage({ kind: 'badIntegrity' });
      for (const [name, answer, path, sra] of [
        ['pull-unchecked', () => bad, '/p', '3/0/0'],
        ['versions-joined', (block: number) => (block < 2 ? good : other), '/p', '3/0/0'],
        ['error-page-stored', () => good, '/none', '0/54/0'],
      ] as const) {
        await open({}, behaviourOf(faultsNamed([name])));
        await bench.write('/9/0/3', `${await serveCoap(answer)}${path}`);
        await bench.rest(sra);
        files?.close();
        await wire?.close();
      }
    });
    it('sends, with its fault, no user and no password', async () => {
      const [fault] = faultsNamed(['credentials-not-sent']);
      await open(fault?.needs, fault?.apply);
      const asked: (string | undefined)[] = [];
      const uri = await serve((request, response) => {
        asked.push(request.headers.authorization);
        response.end(good);
      });
      await bench.write('/9/0/14', 'me');
      await bench.write('/9/0/3', uri);
      await bench.rest('3/0/0');
      expect(asked).to.deep.equal([undefined]);
    });
    it('calls a pull off at Uninstall where it follows', async () => {
      await open({ outOfState: 'follow' });
      await bench.write('/9/0/3', `${await serveCoap((block) => (block < 2 ? good : undefined))}/p`);
      expect(await bench.execute('/9/0/6')).to.equal('2.04');
      expect(await bench.sra()).to.equal('0/0/0');
    });
  });

  describe('commands', () => {
    it('refuses Install, Activate and Deactivate in INITIAL and DELIVERED, by its code', async () => {
      await delivered({ refusal: '4.00' });
      for (const id of [0, 1])
        for (const resource of id === 0 ? [10, 11] : [4, 6, 10, 11])
          expect(await bench.execute(`/9/${id}/${resource}`)).to.equal('4.00');
      expect([await bench.sra(0), await bench.sra(1)]).to.deep.equal(['3/0/0', '0/0/0']);
    });
    for (const execute of ['answerFirst', 'actFirst'] as const)
      it(`installs, fails to install, removes and fails to remove (${execute})`, async () => {
        const failed = execute === 'actFirst' ? '5.00' : '2.04';
        await delivered({ execute }, 'failsAtInstall');
        expect(await bench.execute('/9/0/4')).to.equal(failed);
        await bench.rest('3/58/0');
        expect(await bench.execute('/9/0/6')).to.equal('2.04');
        await bench.rest('0/0/0');
        await bench.push(makePackage({ kind: 'failsAtUninstall' }));
        await bench.rest('3/0/0');
        expect(await bench.execute('/9/0/4')).to.equal('2.04');
        await bench.rest('4/2/0');
        expect(await bench.execute('/9/0/6')).to.equal(failed);
        await bench.rest('4/59/0');
      });
    it('activates, deactivates, and does so twice without change', async () => {
      await installed();
      for (const [resource, sra] of [
        [10, '4/2/1'],
        [10, '4/2/1'],
        [11, '4/2/0'],
        [11, '4/2/0'],
      ] as const) {
        expect(await bench.execute(`/9/0/${resource}`)).to.equal('2.04');
        expect(await bench.sra()).to.equal(sra);
      }
      await installed({ activateAgain: 'refuse' }, 'failsAtActivation');
      expect(await bench.execute('/9/0/11')).to.equal('4.05');
      expect(await bench.execute('/9/0/10')).to.equal('5.00');
      expect(await bench.sra()).to.equal('4/2/0');
    });
    it('takes an upgrade after Uninstall with 1', async () => {
      await installed();
      await bench.execute('/9/0/10');
      expect(await bench.execute('/9/0/6', '1')).to.equal('2.04');
      await bench.rest('0/0/0');
      await bench.push(makePackage({ kind: 'ok', version: '3.0' }));
      await bench.rest('3/0/0');
      await bench.execute('/9/0/4');
      await bench.rest('4/2/0');
      expect(await bench.text('/9/0/1')).to.equal('3.0');
    });
    for (const argument of ['2', "0='x'", '0,1', 'abc', "1='"])
      it(`refuses Uninstall with ${argument}`, async () => {
        await installed();
        expect(await bench.execute('/9/0/6', argument)).to.equal('4.00');
        expect(await bench.sra()).to.equal('4/2/0');
      });
    it('answers a repeated Execute as before with its cache, and by its new state without', async () => {
      for (const [cache, code] of [
        ['yes', '2.04'],
        ['no', '4.05'],
      ] as const) {
        await installed({ cache });
        const uninstall = { code: 'post' as const, path: '/9/0/6', mid: 901 };
        await bench.ask(uninstall);
        await bench.rest('0/0/0');
        expect(await bench.code(uninstall)).to.equal(code);
      }
    });
    it('reboots at Install where it is built so, and registers with the new state', async () => {
      await delivered({ installReboots: 'yes' });
      await bench.execute('/9/0/4');
      await until('a second registration', () => bench.registrations().length === 2);
      await bench.registered();
      expect(await bench.sra()).to.equal('4/2/0');
    });
    it('tells of new objects at once or with the next update, and drops them with the software', async () => {
      const data = makePackage({ kind: 'ok', objects: [33_000] });
      for (const value of ['0', '1']) {
        await open();
        await bench.write('/9/0/8', value);
        await bench.push(data);
        await bench.rest('3/0/0');
        await bench.execute('/9/0/4');
        await bench.rest('4/2/0');
        expect(await bench.text('/33000/0/0')).to.equal('brought by software');
        expect(bench.registrations().length).to.equal(value === '1' ? 2 : 1);
        bench.device.update();
        await until('the links', () => bench.registrations().some((r) => r.includes('</33000/0>')));
        await bench.execute('/9/0/6');
        await bench.rest('0/0/0');
        expect(await bench.text('/33000/0/0')).to.equal('4.04');
      }
    });
  });

  describe('power', () => {
    it('keeps DELIVERED, INSTALLED and ACTIVE, and gives a download up', async () => {
      await delivered();
      await bench.powerCut();
      expect(await bench.sra()).to.equal('3/0/0');
      await bench.execute('/9/0/4');
      await bench.rest('4/2/0');
      await bench.execute('/9/0/10');
      await bench.powerCut();
      expect([await bench.sra(), await bench.text('/9/0/1')]).to.deep.equal(['4/2/1', '2.1']);
      await open();
      await bench.block(good, 0, 2);
      await bench.powerCut();
      expect(await bench.sra()).to.equal('0/52/0');
      await bench.push(good);
      await bench.powerCut();
      await bench.rest('3/0/0');
    });
    it('or forgets everything where it is built so', async () => {
      await installed({ persist: 'no' });
      await bench.powerCut();
      expect(await bench.sra()).to.equal('0/0/0');
    });
  });
});
