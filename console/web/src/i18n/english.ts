// Every English text of the console, loaded for those who read English and for nobody else.

export { default as capabilities } from "./capabilities.en.json";
export { default as channels } from "./channels.en.json";
export { default as console } from "./en.json";
export { default as readiness } from "./readiness.en.json";
export { default as retro } from "./retro.en.json";
export { default as settings } from "./settings.en.json";
