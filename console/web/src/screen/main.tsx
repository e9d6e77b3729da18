/** @jsxImportSource preact */
import "../styles/tokens.css";
import "./screen.css";

import { render } from "preact";
import { Screen } from "./screen";

document.documentElement.dataset["theme"] = "dark";
const root = document.getElementById("root");
if (root) render(<Screen />, root);
