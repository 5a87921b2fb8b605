import { messages, requests } from '../coap/events.ts';
import { pathOf } from '../coap/options.ts';
import { type Kind, where } from '../core/log.ts';
import { decodeLinks, modelLinks, type ModelLinks } from './codec/link-format.ts';
import { parametersOf } from './registry.ts';

/** What a device sends to the registration interface. */
export interface Registering {
  readonly how: 'register' | 'update' | 'deregister';
  readonly parameters: ReadonlyMap<string, string>;
  /** Undefined where there is no body, or none that is a list of links. */
  readonly links: ModelLinks | undefined;
  readonly problem: string | undefined;
}

const HOW: Readonly<Record<string, Registering['how']>> = { '0.02': 'update', '0.04': 'deregister' };

/** Every request of the device to `/rd`. */
export const registering: Kind<Registering> = {
  name: 'request to the registration interface',
  read(event, log) {
    const request = requests.read(event, log);
    if (request?.dir !== 'in' || !/^\/rd(?:\/|$)/.test(request.path)) return undefined;
    const how = request.path === '/rd' ? 'register' : HOW[request.code];
    if (how === undefined) return undefined;
    const links = request.body.length === 0 ? undefined : decodeLinks(request.body);
    return {
      how,
      parameters: parametersOf(request.query),
      links: links?.ok === true ? modelLinks(links.links) : undefined,
      problem: links?.ok === false ? links.reason : undefined,
    };
  },
};

export const registrations: Kind<Registering> = where(registering, 'registration', (r) => r.how === 'register');
export const updates: Kind<Registering> = where(registering, 'registration update', (r) => r.how === 'update');
/** Whatever tells the server the links anew. */
export const newLinks: Kind<Registering> = where(
  registering,
  'registration or update with links',
  (r) => r.links !== undefined,
);

/** Every message with a Register, copies too. */
export const registerCopies: Kind<object> = {
  name: 'copy of a Register',
  read(event, log) {
    const seen = messages.read(event, log);
    const is = seen?.dir === 'in' && seen.message.code === '0.02' && pathOf(seen.message.options) === '/rd';
    return is ? {} : undefined;
  },
};

/** A request of the device to the bootstrap server. */
export const bootstraps: Kind<{ readonly parameters: ReadonlyMap<string, string> }> = {
  name: 'bootstrap request',
  read(event, log) {
    const request = requests.read(event, log);
    if (request?.dir !== 'in' || request.path !== '/bs') return undefined;
    return { parameters: parametersOf(request.query) };
  },
};
