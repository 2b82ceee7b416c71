import { render } from "preact";
import { App } from "./App";
import "./styles.css";

const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(<App />, page);
}
