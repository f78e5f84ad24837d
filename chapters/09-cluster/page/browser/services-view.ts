/// <reference lib="dom" />
/** Services; of the one that was chosen its rules on a node, and a packet that walks through them. Given. */

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import type { ChainView, ServiceAddress, ServiceView, WalkStep } from '../messages.ts';
import type { Picture } from '../picture.ts';
import { linkToService } from './route.ts';
import { RuleList } from './rule-list.ts';
import { useAnswer } from './use-answer.ts';
import { WalkPanel } from './walk-panel.ts';

export function ServicesView({ picture, serviceKey }: { picture: Picture; serviceKey: string }) {
  const service = picture.services.find(({ key }) => key === serviceKey);
  return html`
    <div class="columns services">
      <section aria-labelledby="services-title" class="list">
        <h2 id="services-title">Services</h2>
        <ul>${picture.services.map((one) => item(one, serviceKey))}</ul>
        ${picture.services.length === 0 && html`<p class="wait">There is no service.</p>`}
      </section>
      ${
        service
          ? html`<${Service} key=${serviceKey} service=${service} picture=${picture} />`
          : html`<p class="wait">${serviceKey ? 'It is gone.' : 'Choose a service to see its rules, and to send a packet.'}</p>`
      }
    </div>
  `;
}

function item({ key, type, addresses }: ServiceView, chosen: string) {
  return html`
    <li key=${key}>
      <a href=${linkToService(key)} aria-current=${key === chosen ? 'true' : undefined}>
        <strong>${key}</strong> <small>${type}</small>
        <span class="fine">${addresses.map(addressText).join(', ') || 'no address of its own'}</span>
      </a>
    </li>
  `;
}

function addressText({ ip, port, protocol, kind }: ServiceAddress): string {
  return ip === '' ? `${kind} ${port}/${protocol}` : `${ip}:${port}/${protocol}`;
}

function Service({ service, picture }: { service: ServiceView; picture: Picture }) {
  const names = picture.nodes.map(({ key }) => key);
  const [chosen, setNode] = useState('');
  const [step, setStep] = useState<WalkStep | undefined>();
  const node = names.includes(chosen) ? chosen : (names[0] ?? '');
  const query = new URLSearchParams({ node, service: service.key });
  // Endpoints come and go with pods: rules are read again when any of them changes.
  const rules = useAnswer<ChainView[]>(node ? `/rules?${query}` : undefined, picture.pods);
  const onNode = (event: Event): void => {
    setNode((event.target as HTMLSelectElement).value);
    setStep(undefined);
  };
  return html`
    <section class="wide" aria-labelledby="service-title">
      <div class="head">
        <h2 id="service-title">Service ${service.key}</h2>
        <label>on node <select value=${node} onChange=${onNode}>
          ${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select></label>
      </div>
      <${WalkPanel} key=${node} node=${node} service=${service} picture=${picture} onStep=${setStep} />
      <h3>Its rules on ${node}</h3>
      ${rules.error !== undefined && html`<p class="error">${rules.error}</p>`}
      ${rules.value && html`<${RuleList} chains=${rules.value} met=${step?.rule} />`}
    </section>
  `;
}
