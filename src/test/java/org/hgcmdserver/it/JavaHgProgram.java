package org.hgcmdserver.it;

import com.aragost.javahg.BaseRepository;
import com.aragost.javahg.Changeset;
import com.aragost.javahg.DateTime;
import com.aragost.javahg.Repository;
import com.aragost.javahg.RepositoryConfiguration;
import com.aragost.javahg.commands.AddCommand;
import com.aragost.javahg.commands.CommitCommand;
import com.aragost.javahg.commands.DiffCommand;
import com.aragost.javahg.commands.ExecutionException;
import com.aragost.javahg.commands.LogCommand;
import com.aragost.javahg.commands.StatusCommand;
import com.aragost.javahg.commands.UpdateCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;

/** A program with JavaHg, for {@link ToolsIT}: prints what it gets from the hg that it is given. */
final class JavaHgProgram {

    private JavaHgProgram() {}

    /**
     * @param arguments the hg program, and the directory in which to make a repository
     */
    public static void main(String[] arguments) throws Exception {
        RepositoryConfiguration configuration = new RepositoryConfiguration();
        configuration.setHgBin(arguments[0]);
        Path directory = Files.createDirectory(Path.of(arguments[1]));
        BaseRepository repository = Repository.create(configuration, directory.toFile());
        for (int i = 0; i < 3; i++) {
            Files.writeString(directory.resolve("file" + i), "line " + i + "\n");
            AddCommand.on(repository).execute("file" + i);
            CommitCommand commit = CommitCommand.on(repository).user("u é").message("the " + i);
            Changeset made = commit.date(new DateTime(new Date(0))).execute();
            System.out.println(made.getNode() + " " + made.getRevision());
        }
        Files.writeString(directory.resolve("file0"), "changed\n");
        System.out.println(StatusCommand.on(repository).execute().getModified());
        System.out.println(DiffCommand.on(repository).execute().replaceAll("\t.*", ""));
        for (Changeset changeset : LogCommand.on(repository).execute()) {
            System.out.println(changeset.getUser() + ": " + changeset.getMessage());
        }
        try {
            UpdateCommand.on(repository).rev("nosuch").execute();
        } catch (ExecutionException e) {
            System.out.println(e.getMessage());
        }
        repository.close();
    }
}
