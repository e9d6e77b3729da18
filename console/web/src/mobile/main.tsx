/** @jsxImportSource preact */
import "../styles/tokens.css";
import "./mobile.css";

import { render } from "preact";
import { remembered } from "../lib/storage";
import { App } from "./app";

document.documentElement.dataset["theme"] = remembered("theme") === "dark" ? "dark" : "light";
document.documentElement.dataset["large"] = remembered("large") ?? "no";

const root = document.getElementById("root");
if (root) render(<App />, root);
