import type { ComponentType } from 'preact';
import { CapturePanel } from '../capture/panel.tsx';

import { Doctor } from '../doctor/doctor.tsx';
import { FlowsPanel } from '../flows/panel.tsx';
import { NetworkMap } from '../map/map.tsx';
import { RefusedPanel } from '../refused/panel.tsx';

export interface Panel {
	readonly id: string;
	readonly title: string;
	readonly component: ComponentType;
}

/** In the order of the menu. */
export const PANELS: readonly Panel[] = [
	{ id: 'map', title: 'Map', component: NetworkMap },
	{ id: 'flows', title: 'Flows', component: FlowsPanel },
	{ id: 'refused', title: 'Refused', component: RefusedPanel },
	{ id: 'capture', title: 'Capture', component: CapturePanel },
	{ id: 'doctor', title: 'Doctor', component: Doctor },
];
