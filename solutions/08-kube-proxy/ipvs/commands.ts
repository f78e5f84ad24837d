/**
 * What can be asked of IPVS, as data and as lines for `ipvsadm --restore`. Given.
 *
 * Each line is a command of its own: `-A -t 10.96.0.1:443 -s rr`.
 */

import type { NetworkProtocol } from '#apimachinery';
import { endpointAddress } from '../services/endpoint.ts';
import { IPVS_SCHEDULERS, type IpvsSchedulerName } from './scheduler-names.ts';
import type { VirtualService } from './virtual-server.ts';

/** Which virtual service is meant. */
export type ServiceAddress = Pick<VirtualService, 'protocol' | 'ip' | 'port'>;

/** One command. */
export type IpvsCommand =
  | { readonly do: 'clear' }
  | { readonly do: 'add-service' | 'edit-service'; readonly service: VirtualService }
  | { readonly do: 'delete-service'; readonly service: ServiceAddress }
  | {
      readonly do: 'add-server' | 'edit-server';
      readonly service: ServiceAddress;
      /** `10.244.1.2:8080` */
      readonly server: string;
      readonly weight: number;
    }
  | { readonly do: 'delete-server'; readonly service: ServiceAddress; readonly server: string };

const VERBS = {
  clear: '-C',
  'add-service': '-A',
  'edit-service': '-E',
  'delete-service': '-D',
  'add-server': '-a',
  'edit-server': '-e',
  'delete-server': '-d',
} as const;
const PROTOCOLS: Readonly<Record<NetworkProtocol, string>> = {
  TCP: '-t',
  UDP: '-u',
  SCTP: '--sctp-service',
};

/** Thrown for a line that is no command. */
export class IpvsError extends Error {
  override readonly name = 'IpvsError';
}

/** Lines for `ipvsadm --restore`, as `ipvsadm --save -n` writes them. */
export function commandsText(commands: readonly IpvsCommand[]): string {
  return commands.map((command) => `${commandText(command)}\n`).join('');
}

function commandText(command: IpvsCommand): string {
  const verb = VERBS[command.do];
  if (command.do === 'clear') return verb;
  const { service } = command;
  const where = `${verb} ${PROTOCOLS[service.protocol]} ${endpointAddress(service)}`;
  switch (command.do) {
    case 'add-service':
    case 'edit-service': {
      const { scheduler, persistenceSeconds } = command.service;
      return `${where} -s ${scheduler}${persistenceSeconds > 0 ? ` -p ${persistenceSeconds}` : ''}`;
    }
    case 'delete-service':
      return where;
    case 'delete-server':
      return `${where} -r ${command.server}`;
    default:
      return `${where} -r ${command.server} -m -w ${command.weight}`;
  }
}

/**
 * Reads what {@link commandsText} writes.
 *
 * @throws IpvsError naming the line
 */
export function parseCommands(text: string): IpvsCommand[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const command = parseCommand(line.trim().split(/\s+/));
    if (command === undefined) throw new IpvsError(`ipvsadm: line ${i + 1}: ${line.trim()}`);
    return [command];
  });
}

function parseCommand(words: readonly string[]): IpvsCommand | undefined {
  const [verb = '', protocolFlag = '', address = ''] = words;
  if (verb === '-C' && words.length === 1) return { do: 'clear' };
  const [action] = Object.entries(VERBS).find(([, flag]) => flag === verb) ?? [];
  const [protocol] = Object.entries(PROTOCOLS).find(([, flag]) => flag === protocolFlag) ?? [];
  const place = parseAddress(address);
  if (action === undefined || protocol === undefined || place === undefined) return undefined;
  const service = { protocol: protocol as NetworkProtocol, ...place };
  const option = (flag: string): string | undefined => words[words.indexOf(flag, 3) + 1];
  const has = (flag: string): boolean => words.includes(flag, 3);
  if (action === 'delete-service') return { do: action, service };
  if (action === 'add-service' || action === 'edit-service') {
    const scheduler = (has('-s') ? option('-s') : 'wlc') as IpvsSchedulerName;
    if (!(scheduler in IPVS_SCHEDULERS)) return undefined;
    const persistenceSeconds = has('-p') ? Number(option('-p') ?? 300) : 0;
    return { do: action, service: { ...service, scheduler, persistenceSeconds } };
  }
  const server = option('-r');
  if (!has('-r') || server === undefined || parseAddress(server) === undefined) return undefined;
  if (action === 'delete-server') return { do: action, service, server };
  const weight = has('-w') ? Number(option('-w')) : 1;
  return { do: action as 'add-server' | 'edit-server', service, server, weight };
}

function parseAddress(text: string): { ip: string; port: number } | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d+)$/.exec(text) ?? [];
  const ip = v6 ?? v4;
  return ip === undefined || port === undefined ? undefined : { ip, port: Number(port) };
}
