/** Trino's server, whose own launcher is not among what Maven has; its version is told, as the launcher would. */
public class Start {
  public static void main(String[] words) {
    new io.trino.server.Server().start(words[0]);
  }
}
