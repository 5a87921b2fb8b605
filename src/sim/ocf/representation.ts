import type { CborMap, CborValue } from '../../ocf/codec/cbor.ts';
import { INTERFACE, RESOURCE_TYPE } from '../../ocf/codec/ocf.ts';
import type { PropertyName } from '../../ocf/codec/swu.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';
import type { Saved } from './store.ts';

/** The properties of the resource by their published spelling, in the order in which the device sends them. */
function properties(saved: Saved, options: Options, behaviour: Behaviour): Record<PropertyName, CborValue | undefined> {
  const { machine } = saved;
  const early = behaviour.successAt !== undefined && machine.run?.working === true;
  const result = early && machine.run?.step === behaviour.successAt ? 1 : machine.result;
  const reported = behaviour.results?.[result] ?? result;
  const time = (text: string): string => text.slice(0, behaviour.timeCut ?? text.length);
  const lastupdate = options.lastupdate === 'yes' && (saved.updated || behaviour.lastupdateOnlyAfterUpdate !== true);
  return {
    purl: behaviour.showsPathOnly === true ? saved.purl.replace(/^[a-z]+:\/\/[^/]*/, '') : saved.purl,
    nv: options.nv === 'yes' ? saved.nv : undefined,
    signed: options.signed === 'yes' ? 'vendor' : undefined,
    swupdateaction: saved.action,
    swupdatestate: behaviour.stateNames?.[machine.state] ?? machine.state,
    swupdateresult: behaviour.resultAsText === true ? String(reported) : reported,
    lastupdate: lastupdate ? time(saved.lastupdate) : undefined,
    updatetime: time(saved.updatetime),
  };
}

/** What a RETRIEVE by this interface shows. */
export function represent(iface: string, saved: Saved, options: Options, behaviour: Behaviour): CborMap {
  const spelling: Readonly<Record<string, string>> = {
    ...(options.text === 'draft' ? { updatetime: 'updateTime' } : {}),
    ...behaviour.rename,
  };
  const shown: Record<string, CborValue> = {};
  const entries = Object.entries({
    ...properties(saved, options, behaviour),
    ...saved.written,
    ...behaviour.replace,
    ...behaviour.extra,
  });
  for (const [name, value] of entries)
    if (value !== undefined && behaviour.omit?.includes(name as PropertyName) !== true)
      shown[spelling[name] ?? name] = value;
  const baseline = iface === INTERFACE.baseline && behaviour.omitCommon !== true;
  return baseline || behaviour.commonInRw === true ? { ...common(saved, options, behaviour), ...shown } : shown;
}

function common(saved: Saved, options: Options, behaviour: Behaviour): CborMap {
  return {
    rt: [behaviour.rtOfResource ?? RESOURCE_TYPE.softwareUpdate],
    if: [INTERFACE.rw, INTERFACE.baseline],
    ...(options.n === 'yes' ? { n: saved.n } : {}),
    ...(options.id === 'yes' ? { id: saved.id } : {}),
  };
}
