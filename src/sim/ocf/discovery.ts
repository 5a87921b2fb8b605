import type { CborMap, CborValue } from '../../ocf/codec/cbor.ts';
import { INTERFACE, POLICY_BIT, RESOURCE_TYPE } from '../../ocf/codec/ocf.ts';
import type { Behaviour } from './behaviour.ts';

/** A resource as discovery lists it. */
export interface Listed {
  readonly href: string;
  readonly rt: readonly string[];
  readonly if: readonly string[];
  readonly observable: boolean;
  /** On a device with security: not to be reached in clear. */
  readonly secureOnly?: true;
}

export interface DiscoveryContext {
  readonly deviceId: string;
  /** `coap://127.0.0.1:49152` */
  readonly endpoint: string;
  /** `coaps://127.0.0.1:49153`; undefined without security. */
  readonly secureEndpoint: string | undefined;
  readonly resources: readonly Listed[];
  readonly behaviour: Behaviour;
}

/** The links that match the queries (`rt=`, `if=`). */
export function linksFor(queries: readonly string[], context: DiscoveryContext): CborMap[] {
  const { behaviour, resources } = context;
  const wanted = (key: string): string[] => queries.flatMap((q) => (q.startsWith(`${key}=`) ? [q.slice(3)] : []));
  const types = wanted('rt');
  const interfaces = wanted('if').filter((name) => name !== INTERFACE.links && name !== INTERFACE.baseline);
  const all = behaviour.foreignRt === true;
  return resources
    .filter((r) => behaviour.unlisted === undefined || !r.rt.includes(behaviour.unlisted))
    .filter((r) => all || types.length === 0 || types.some((type) => r.rt.includes(type)))
    .filter((r) => interfaces.length === 0 || interfaces.some((name) => r.if.includes(name)))
    .flatMap((r) => linksOf(r, context));
}

function linksOf(resource: Listed, context: DiscoveryContext): CborMap[] {
  const { deviceId, behaviour } = context;
  const ours = resource.rt.includes(RESOURCE_TYPE.softwareUpdate);
  const wrong = ours ? behaviour.link : undefined;
  const bits = POLICY_BIT.discoverable + (resource.observable ? POLICY_BIT.observable : 0);
  const link = (href: string): CborMap => ({
    anchor: `ocf://${deviceId}`,
    href,
    rt: [...(wrong?.rt ?? resource.rt)],
    if: [...(wrong?.if ?? resource.if)],
    p: { bm: wrong?.bm ?? bits },
    eps: (ours && behaviour.clearLink === true ? [context.endpoint] : endpointsOf(resource, context)).map((ep) => ({
      ep,
    })),
  });
  const copies = ours ? (behaviour.linkCopies ?? 1) : 1;
  return Array.from({ length: copies }, (_, i) => link(i === 0 ? resource.href : `${resource.href}/${i}`));
}

function endpointsOf({ secureOnly }: Listed, { endpoint, secureEndpoint }: DiscoveryContext): string[] {
  if (secureEndpoint === undefined) return [endpoint];
  return secureOnly === true ? [secureEndpoint] : [endpoint, secureEndpoint];
}

/** `/oic/d`: who the device is; `sv` is the version of the software that runs. */
export function deviceInfo(deviceId: string, version: string): CborMap {
  return {
    n: 'Simulated lamp',
    di: deviceId,
    piid: deviceId,
    icv: 'ocf.2.2.5',
    dmv: 'ocf.res.1.3.0,ocf.sh.1.3.0',
    sv: version,
  };
}

/** `/oic/p`: the platform; `mnfv` is the version of the firmware that runs. */
export function platformInfo(platformId: string, version: string): CborMap {
  return { pi: platformId, mnmn: 'Plumbline', mnmo: 'lamp', mnos: `lampos ${version}`, mnfv: version };
}

/** A representation with the common properties that the baseline interface adds. */
export function withCommon(listed: Listed, properties: CborMap): CborValue {
  return { rt: [...listed.rt], if: [...listed.if], ...properties };
}
