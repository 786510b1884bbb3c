;;; repl-connect-definitions.el --- Where something is defined  -*- lexical-binding: t; -*-

;;; Commentary:

;; The other side tells a file and a line, and the source too if it is asked for.  The file may be
;; one of this machine, one in an archive (a jar or zip file, which is read without a program for
;; that), or one of a machine or container whose files are not those here: then
;; `repl-connect-paths' says where they are, or the source is shown as it came.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'url-util)
(require 'xref)
(require 'repl-connect-client)
(require 'repl-connect-languages)
(require 'repl-connect-escapes)

(declare-function repl-connect-lookup-setup "repl-connect-lookup")
(defvar repl-connect--chosen)

(defcustom repl-connect-paths nil
  "Where files of the other side are here, if not where they are there.
An alist of prefixes of file names, there and here: with
  ((\"/srv/app/\" . \"~/src/app/\"))
what a program in a container calls /srv/app/main.py is ~/src/app/main.py.
An element (ADDRESS (THERE . HERE) ...) is for one connection only.  The
first prefix that leads to a file counts.  It can be a directory-local
variable."
  :type '(alist :key-type (string :tag "There, or an address")
                :value-type (choice (string :tag "Here")
                                    (alist :tag "For this address" :key-type (string :tag "There")
                                           :value-type (string :tag "Here"))))
  :group 'repl-connect)

(defconst repl-connect-definitions--largest 1000000
  "Bytes of a file in an archive that are shown.")

(defconst repl-connect-definitions--no-file "\\`\\(?:<\\|NO_SOURCE\\)"
  "Matches what is told as a file where code was typed.")

(cl-defstruct (repl-connect-definition (:copier nil))
  "Where NAME is defined: in the file FILE, or in TEXT, which is called TITLE.
LINE and COLUMN are from 1.  Without a FILE and a TEXT it is not known
here, and PROBLEM is a sentence that says so."
  name connection file text title line column problem)

;;;; Paths

(defun repl-connect--path-pairs (connection)
  "Return the pairs of prefixes of `repl-connect-paths' that hold for CONNECTION."
  (let ((address (repl-connect-connection-address connection)))
    (cl-loop for (key . value) in repl-connect-paths
             if (stringp value) collect (cons key value)
             else if (equal key address) append value)))

(defun repl-connect-elsewhere-p (connection)
  "Whether the files of CONNECTION are known to be another machine's."
  (and (string-match-p "\\`\\(?:ssh\\|https?\\)://" (repl-connect-connection-address connection))
       t))

(defun repl-connect-path-there (file connection)
  "Return what FILE, a file here, is called on the other side of CONNECTION."
  (let ((file (expand-file-name file)))
    (or (cl-loop for (there . here) in (repl-connect--path-pairs connection)
                 for prefix = (expand-file-name here)
                 when (string-prefix-p prefix file)
                 return (concat there (substring file (length prefix))))
        (file-local-name file))))

(defun repl-connect-path-here (path connection &optional quickly)
  "Return the file here that is PATH for the other side of CONNECTION, or nil.
A relative one is looked for in `default-directory' and above it.  With
QUICKLY another machine (TRAMP) is not asked: there may be such a file."
  (let ((path (if (string-prefix-p "file:" path) (repl-connect--unhex (substring path 5)) path)))
    (or (cl-loop for (there . here) in (repl-connect--path-pairs connection)
                 when (string-prefix-p there path)
                 thereis (repl-connect--file here (substring path (length there))))
        ;; What is edited on another machine, with TRAMP, is likely to run there.  The other side
        ;; must not have Emacs connect to a machine that only it has named.
        (let* ((remote (file-remote-p default-directory))
               (file-name-handler-alist (and remote file-name-handler-alist)))
          (cond
           ((and remote quickly) (and (file-name-absolute-p path) (concat remote path)))
           ((not (file-name-absolute-p path))
            (when-let ((root (locate-dominating-file
                              default-directory
                              (lambda (parent) (repl-connect--file parent path)))))
              (repl-connect--file root path)))
           (remote (repl-connect--file remote path))
           ((not (repl-connect-elsewhere-p connection))
            (repl-connect--file "" path)))))))

(defun repl-connect--unhex (text)
  "Return TEXT, of a URL, with the characters that %20 and the like stand for."
  (decode-coding-string (url-unhex-string (encode-coding-string text 'utf-8)) 'utf-8))

(defun repl-connect--file (start rest)
  "Return the file name START and REST as one, if there is such a file."
  (let ((file (expand-file-name (concat start rest))))
    (and (file-regular-p file) file)))

(defun repl-connect--archive-of (path)
  "Return (ARCHIVE . MEMBER) for PATH, that of a file in an archive, or nil.
Java writes jar:file:/x.jar!/a.clj, Python /x.zip/a.py."
  (let ((file-name-handler-alist nil)
        (plain (string-remove-prefix "file:" (string-remove-prefix "jar:" path))))
    (pcase (split-string plain "!/")
      (`(,archive ,member) (cons (repl-connect--unhex archive) (repl-connect--unhex member)))
      (_
       (let ((archive (and (file-name-absolute-p plain) plain)))
         (while (and archive (not (file-exists-p archive)))
           (let ((parent (file-name-directory archive)))
             (setq archive (and parent (directory-file-name parent)))))
         (when (and archive (file-regular-p archive) (not (equal archive plain)))
           (cons archive (substring plain (1+ (length archive))))))))))

;;;; Archives

(defun repl-connect-archive-member (archive member limit)
  "Return the text of MEMBER, a file in ARCHIVE, a zip or jar file.
Return nil if it can't be read, or has more than LIMIT bytes."
  (ignore-errors
    (let ((file-name-handler-alist nil))
      (when (file-regular-p archive)
        (with-temp-buffer
          (set-buffer-multibyte nil)
          (pcase (repl-connect-archive--entry archive (encode-coding-string member 'utf-8) limit)
            (`(,method ,check ,size ,whole ,offset)
             (repl-connect-archive--read archive offset 30)
             (let ((start (+ offset 30 (repl-connect-archive--number 26 2)
                             (repl-connect-archive--number 28 2))))
               (repl-connect-archive--read archive start size))
             (when (= method 8)
               ;; What is compressed so is what a gzip file has between its head and its end.
               (goto-char (point-min))
               (insert (unibyte-string #x1f #x8b 8 0 0 0 0 0 0 255))
               (goto-char (point-max))
               (dolist (number (list check whole))
                 (dotimes (byte 4)
                   (insert (logand 255 (ash number (* -8 byte))))))
               (unless (zlib-decompress-region (point-min) (point-max))
                 (error "Damaged")))
             (and (memq method '(0 8))
                  (decode-coding-string (buffer-string) 'utf-8)))))))))

(defun repl-connect-archive--read (archive start length)
  "Make LENGTH bytes of ARCHIVE, from START on, all that is in the buffer."
  (erase-buffer)
  (insert-file-contents-literally archive nil start (+ start length)))

(defun repl-connect-archive--number (offset bytes)
  "Return the number of so many BYTES at OFFSET, from 0, in the buffer."
  (cl-loop for each below bytes
           sum (ash (char-after (+ (point-min) offset each)) (* 8 each))))

(defun repl-connect-archive--entry (archive member limit)
  "Return the entry of MEMBER in the directory of ARCHIVE; nil if there is none.
It is (METHOD CHECK SIZE WHOLE OFFSET); nil too if WHOLE exceeds LIMIT."
  (let ((size (file-attribute-size (file-attributes archive)))
        (case-fold-search nil)
        (found nil))
    (repl-connect-archive--read archive (max 0 (- size 65557)) (min size 65557))
    (goto-char (point-max))
    (when (search-backward "PK\5\6" nil t)
      (let ((end (- (point) (point-min))))
        (repl-connect-archive--read archive
                                     (repl-connect-archive--number (+ end 16) 4)
                                     (repl-connect-archive--number (+ end 12) 4)))
      (goto-char (point-min))
      (while (and (not found) (search-forward member nil t))
        (let ((head (- (match-beginning 0) (point-min) 46)))
          (when (and (>= head 0)
                     (equal "PK\1\2" (buffer-substring (+ (point-min) head)
                                                       (+ (point-min) head 4)))
                     (= (repl-connect-archive--number (+ head 28) 2) (length member)))
            (setq found (cl-loop for (offset bytes) in '((10 2) (16 4) (20 4) (24 4) (42 4))
                                 collect (repl-connect-archive--number (+ head offset)
                                                                        bytes)))))))
    (and found (<= (nth 3 found) limit) found)))

;;;; A definition

(defun repl-connect-definition-of (name info connection)
  "Return where NAME is defined, according to INFO, nREPL's map.
CONNECTION is whom it is from."
  (let* ((name (repl-connect-plain name))
         (file (repl-connect-text info "file"))
         (file (and file (not (string-match-p repl-connect-definitions--no-file file)) file))
         (source (string-trim (repl-connect-plain (or (repl-connect-text info "source") ""))
                              "\n+" "\n+"))
         (line (repl-connect-get info "line"))
         (column (repl-connect-get info "column"))
         (found (make-repl-connect-definition
                 :name name :connection connection :title name
                 :line (if (and (integerp line) (< 0 line 10000000)) line 1)
                 :column (if (and (integerp column) (< 0 column 100000)) column 1)))
         (here (and file (repl-connect-path-here file connection)))
         (archive (and file (not here) (not (repl-connect-elsewhere-p connection))
                       (repl-connect--archive-of file)))
         (text (and archive (repl-connect-archive-member
                             (car archive) (cdr archive) repl-connect-definitions--largest))))
    (cond
     (here (setf (repl-connect-definition-file found) here))
     (text (setf (repl-connect-definition-text found) (repl-connect-plain text)
                 (repl-connect-definition-title found)
                 (repl-connect-plain (concat (file-name-nondirectory (car archive)) "/"
                                             (cdr archive)))))
     ((not (string-empty-p source))
      (setf (repl-connect-definition-text found) (concat source "\n")
            (repl-connect-definition-line found) 1
            (repl-connect-definition-column found) 1))
     (file
      (setf (repl-connect-definition-problem found)
            (format "%s is defined in %s, which is not here: `repl-connect-paths' can say where \
it is" name (repl-connect-definition-place info))))
     (t
      (setf (repl-connect-definition-problem found)
            (format "Nothing is known of where %s is defined" name))))
    found))

(defun repl-connect-definition-place (info)
  "Return where something is according to INFO, as FILE:LINE, or nil."
  (when-let ((file (repl-connect-text info "file")))
    (let ((line (repl-connect-get info "line")))
      (repl-connect-plain (if (and (integerp line) (> line 0)) (format "%s:%d" file line) file)))))

(defun repl-connect-plain (text)
  "Return TEXT without colours and control characters."
  (substring-no-properties (repl-connect-clean text)))

;;;; Going there

(defun repl-connect-definition-marker (definition)
  "Return a marker at DEFINITION, whose file is visited, or signal a `user-error'."
  (when (repl-connect-definition-problem definition)
    (user-error "%s" (repl-connect-definition-problem definition)))
  (let ((file (repl-connect-definition-file definition)))
    (with-current-buffer (if file
                             (find-file-noselect file)
                           (repl-connect--source-buffer definition))
      (save-excursion
        (save-restriction
          (widen)
          (goto-char (point-min))
          (forward-line (1- (repl-connect-definition-line definition)))
          (repl-connect--to-nearest (repl-connect-definition-name definition))
          (when (looking-at "[ \t]*")
            (forward-char (min (- (match-end 0) (match-beginning 0))
                               (max 0 (1- (repl-connect-definition-column definition))))))
          (point-marker))))))

(defun repl-connect--to-nearest (name)
  "Move to the nearest definition of NAME, if point's line has not got it.
Then the file is not as it was when it was loaded."
  (let* ((case-fold-search nil)
         (last (regexp-quote (if (string-match "[^./]+\\'" name) (match-string 0 name) name)))
         (pattern (concat "^[ \t(]*[[:alpha:]*!-]+[ \t(]+" last
                          "\\(?:[^[:alnum:]_*!?<>=-]\\|$\\)")))
    (unless (save-excursion (re-search-forward last (line-end-position) t))
      (let ((above (save-excursion (and (re-search-backward pattern nil t) (point))))
            (below (save-excursion (and (re-search-forward pattern nil t) (match-beginning 0)))))
        (cond
         ((and above below)
          (goto-char (if (< (- (point) above) (- below (point))) above below)))
         ((or above below) (goto-char (or above below))))))))

(defun repl-connect--source-buffer (definition)
  "Return the buffer with the text of DEFINITION, which no file here has."
  (let* ((connection (repl-connect-definition-connection definition))
         (buffer (get-buffer-create (format "*repl source: %s*"
                                            (repl-connect-definition-title definition))))
         (text (repl-connect-definition-text definition)))
    (with-current-buffer buffer
      (unless (and (= (buffer-size) (length text))
                   (equal text (save-restriction (widen) (buffer-string))))
        (let ((inhibit-read-only t))
          (widen)
          (erase-buffer)
          (insert text)))
      (let ((mode (repl-connect-language-mode (repl-connect-connection-language connection))))
        (unless (eq major-mode (or mode 'fundamental-mode))
          ;; Hooks are for files that are edited.
          (delay-mode-hooks (funcall (or mode #'fundamental-mode)))
          (font-lock-mode 1)))
      (setq buffer-read-only t
            buffer-undo-list t)
      (set-buffer-modified-p nil)
      (setq-local repl-connect--chosen connection)
      (repl-connect-lookup-setup))
    buffer))

(defun repl-connect-definition-visit (definition)
  "Go to DEFINITION; `xref-pop-marker-stack' comes back."
  (let ((marker (repl-connect-definition-marker definition)))
    (xref-push-marker-stack)
    (pop-to-buffer (marker-buffer marker))
    (unless (<= (point-min) marker (point-max))
      (widen))
    (goto-char marker)))

(provide 'repl-connect-definitions)
;;; repl-connect-definitions.el ends here
