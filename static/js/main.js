// One behaviour a file; each starts where its data attribute is.
import { ask } from './ask.js';
import { copy } from './copy.js';
import { dropzone } from './dropzone.js';
import { heat } from './heat.js';
import { jobs } from './jobs.js';
import { maps } from './maps.js';
import { measures } from './measures.js';
import { menus } from './menu.js';
import { modelStatus } from './status.js';
import { theme } from './theme.js';

theme();
menus();
copy();
ask();
dropzone();
modelStatus();
jobs();
heat();
maps();
measures();
if (document.querySelector('[data-whatif]')) (await import('./whatif.js')).whatIf();
if (document.querySelector('[data-plan]')) (await import('./plan.js')).plan();
if (document.querySelector('[data-charts]')) await (await import('./charts.js')).charts();
if (document.querySelector('[data-attention]')) (await import('./attention.js')).attention();
document.documentElement.dataset.ready = '';
