import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import type { Method } from '../coap/message.ts';
import type { ServedRequest } from '../coap/server.ts';
import { type Registry, registry } from './registry.ts';

const LINKS = '</>;rt="oma.lwm2m";ct=112,</1/0>,</9/0>,</9/1>';

function request(method: Method, path: string, query: string[] = [], body = '', port = 40_000): ServedRequest {
  const from = { address: '127.0.0.1', port };
  return { from, method, code: '', path, query, options: [], contentFormat: 40, body: Buffer.from(body), n: 0 };
}

function registered(query: string[] = ['ep=dev', 'lt=60', 'lwm2m=1.1', 'b=U']): { roster: Registry; location: string } {
  const roster = registry(memorySink(), 'dev');
  const answer = roster.serve(request('POST', '/rd', query, LINKS));
  expect(answer.code).to.equal('2.01');
  return { roster, location: `/${(answer.options ?? []).map((o) => o.value.toString()).join('/')}` };
}

describe('LwM2M registration interface', () => {
  it('keeps what a Register says', () => {
    const now = registered().roster.current();
    expect(now).to.include({ endpoint: 'dev', version: '1.1', lifetimeS: 60, queue: false });
    expect(now?.links?.links.map((l) => l.path)).to.deep.equal([
      [1, 0],
      [9, 0],
      [9, 1],
    ]);
  });
  it('takes the defaults of the core specification', () => {
    expect(registered(['ep=dev']).roster.current()).to.include({ version: '1.0', lifetimeS: 86_400, queue: false });
  });
  it('knows queue mode in both notations', () => {
    expect(registered(['ep=dev', 'b=UQ']).roster.current()?.queue).to.equal(true);
    expect(registered(['ep=dev', 'lwm2m=1.1', 'Q']).roster.current()?.queue).to.equal(true);
  });
  it('refuses another device', () => {
    expect(registry(memorySink(), 'dev').serve(request('POST', '/rd', ['ep=other'])).code).to.equal('4.03');
  });
  it('takes lifetime, links and address from an Update', () => {
    const { roster, location } = registered();
    expect(roster.serve(request('POST', location, ['lt=90'], '</9/0>', 40_001)).code).to.equal('2.04');
    expect(roster.current()).to.deep.include({ lifetimeS: 90, peer: { address: '127.0.0.1', port: 40_001 } });
    expect(roster.current()?.links?.links).to.have.length(1);
  });
  it('keeps the links where an Update has none', () => {
    const { roster, location } = registered();
    roster.serve(request('POST', location));
    expect(roster.current()?.links?.links).to.have.length(3);
  });
  it('answers 4.04 to an Update after it lost the registration, until the device registers', async () => {
    const { roster, location } = registered();
    roster.lose();
    expect(roster.current()).to.not.equal(undefined);
    expect(roster.serve(request('POST', location)).code).to.equal('4.04');
    const next = roster.next(1000);
    roster.serve(request('POST', '/rd', ['ep=dev'], LINKS));
    expect((await next)?.endpoint).to.equal('dev');
  });
  it('ends with a deregistration', () => {
    const { roster, location } = registered();
    expect(roster.serve(request('DELETE', location)).code).to.equal('2.02');
    expect(roster.current()).to.equal(undefined);
    expect(roster.serve(request('DELETE', location)).code).to.equal('4.04');
  });
});
